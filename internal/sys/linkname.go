//go:build !nolinkname

package sys

import _ "unsafe" // for linkname

// The runtime lets other packages link to these, go.dev/issue/67401. Where a
// later Go does not, -tags nolinkname builds the suite without them.

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

//go:linkname procyield runtime.procyield
func procyield(cycles uint32)

//go:linkname nanotime runtime.nanotime
func nanotime() int64
