"""Things worn on the head: masks, respirators, veils, visors, spectacles."""
