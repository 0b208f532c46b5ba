package dispatch

// TypePaused tells that a type is paused now, or no more. What runs goes on; what
// was claimed and waits for a place goes back at once.
func (d *Dispatcher) TypePaused(taskType string, paused bool) {
	l := d.lanes[taskType]
	switch {
	case l == nil:
	case paused:
		d.Ended(outcomes(d.slots[l.typ.Plugin].dropType(l.typ), notTaken))
	default:
		d.Wake(taskType)
	}
}
