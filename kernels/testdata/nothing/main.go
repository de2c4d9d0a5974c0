// Command nothing is a program that a test builds for other architectures.
package main

func main() {}
