"""Third-party generators: architectures written anew, which load the published weights.

To add one: a function `load(weights, track, device)` in a module here, and an entry with the weights' address and
SHA-256. `decoding` draws for networks that take latents (and labels) to images, `ancestral` for diffusion models.
"""
