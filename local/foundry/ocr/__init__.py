"""Document OCR: the two OCR routes, their validation and answers, and a real OCR engine inside."""
