"""A small world of coloured shapes whose captions have one exact meaning: scenes, captions, and a judge of pixels."""
