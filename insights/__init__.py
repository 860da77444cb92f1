"""What conversations tell: ratings and reports."""
