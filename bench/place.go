package bench

// Places are the values of the place axis: where the workers of a cell run.
// Placement moves results by a factor of ten, so it is never averaged over.
var Places = []Place{
	{"same", "all workers on one CPU"},
	{"smt", "on the hardware threads of one core"},
	{"cross", "on different cores, in turn"},
	{"socket", "on cores of different sockets, in turn"},
	{"free", "not pinned: where the scheduler puts them"},
}

// Place is one value of the place axis.
type Place struct{ Name, Summary string }
