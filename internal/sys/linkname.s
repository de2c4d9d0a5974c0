// Lets the compiler take functions without a body, which the linker finds.
