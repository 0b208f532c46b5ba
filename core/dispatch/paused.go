package dispatch

// PauseChanged tells that a type is paused now, or no more. What runs goes on;
// what was claimed and waits for a place goes back at once.
func (d *Dispatcher) PauseChanged(taskType string) {
	l := d.lanes[taskType]
	if l == nil {
		return
	}
	if _, paused := l.typ.Paused(); paused {
		d.Withhold(taskType, "the type is paused")
	} else {
		d.Wake(taskType)
	}
}
