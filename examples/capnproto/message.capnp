@0xd5a1c2f0b3e44c17;

interface Messages {
  call @0 (message :Data) -> (message :Data);  # PingPong: the message comes back
  put @1 (message :Data) -> stream;            # all other workloads: one way, with the library's flow control
  finish @2 ();                                # ends a stream, as streaming methods require
}
