"""Drawing, without knowledge of boards or studies: numbers and words in, inline SVG or places in a cell out.

Charts depend on numbers alone, never on measured fonts, so that the same results give the same bytes.
"""
