package process

// KillKeeper kills the keeper's process, as an operator might by mistake.
func KillKeeper(k *Keeper) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.process == nil {
		return nil // Found dead already.
	}
	return k.process.Process.Kill()
}
