package mechanisms

// SysvObject records a System V object of this namespace, so that Remove can
// prove later that it is still the same. It must be called after whatever moves
// the object's ctime: its set-up, IPC_SET and SETVAL.
func SysvObject(kind string, id int) (Object, error) { return sysvObject(kind, id) }
