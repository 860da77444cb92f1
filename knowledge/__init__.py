"""Articles and the one retriever that everyone who asks uses: loading, chunking, hybrid search, votes, search log."""
