"""Controls: occluders that nobody wears, to tell why a mask hides an emotion."""
