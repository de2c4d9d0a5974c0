package semantics
type Step struct{}
func (k *kernel) tour(string) []Step { return nil }
