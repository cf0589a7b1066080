/** Bounds how many passwords are hashed at a time: a flood of sign-ins must not take the threads that everything else needs. */

/** Runs work, or throws `QueueFull`. */
export type HashQueue = <T>(work: () => Promise<T>) => Promise<T>

/** Thrown where so many wait that nobody's turn would come in time. */
export class QueueFull extends Error {}

/** At most `width` at a time and `length` more in waiting, first come first served. */
export function createHashQueue(width: number, length: number): HashQueue {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running < width) running++
    else if (waiting.length >= length) throw new QueueFull()
    // Whose turn it is takes over the place of who is done.
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
