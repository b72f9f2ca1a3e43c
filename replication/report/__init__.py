"""The report: Markdown written from the pipeline's tables, and the same as one self-contained HTML page."""
