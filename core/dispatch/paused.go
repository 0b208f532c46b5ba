package dispatch

// TypePaused tells that a type is paused now, or no more. What runs goes on; what
// was claimed and waits for a place goes back at once.
func (d *Dispatcher) TypePaused(taskType string, paused bool) {
	if paused {
		d.Withhold(taskType, "the type is paused")
	} else {
		d.Wake(taskType)
	}
}
