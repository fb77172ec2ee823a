"""What plays the model: scripted, seeded, recorded, held to a grammar, or saying a given text."""
