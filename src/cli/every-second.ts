/** Progress that is told now and then, however often something is done. */

/** Calls at once, and then once a second at most. */
export function everySecond(tell: (done: number) => void): (done: number) => void {
  let last = 0
  return (done) => {
    if (Date.now() - last < 1000) return
    last = Date.now()
    tell(done)
  }
}
