"""The small generators trained in this project, one family a file: architecture, loss, training, sampling."""
