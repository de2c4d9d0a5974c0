// Package sysv is what mechanisms on System V objects have in common.
package sysv
