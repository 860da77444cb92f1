"""Articles from elsewhere: folders of Markdown and HTML, BEIR corpora, and the exports of other help centres."""
