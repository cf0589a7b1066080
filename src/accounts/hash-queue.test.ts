/** A flood waits its turn, and is refused where its turn would not come in time. */
import { setTimeout as wait } from "node:timers/promises"
import { expect, test } from "vitest"
import { createHashQueue, QueueFull } from "./hash-queue.ts"

test("no more than its width at a time, in the order of arrival; what is too much is refused at once", async () => {
  const queue = createHashQueue(2, 5)
  const began: number[] = []
  let running = 0
  let most = 0
  const work = (number: number) => async (): Promise<number> => {
    began.push(number)
    most = Math.max(most, ++running)
    await wait(5)
    running--
    if (number === 3) throw new Error("three")
    return number
  }
  const all = await Promise.allSettled(Array.from({ length: 10 }, (_, at) => queue(work(at))))
  expect(most).toBe(2)
  expect(began).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(all.map((one) => (one.status === "fulfilled" ? one.value : one.reason.constructor))).toEqual([
    0,
    1,
    2,
    Error,
    4,
    5,
    6,
    QueueFull,
    QueueFull,
    QueueFull,
  ])
  // A failure gives its place back.
  expect(await Promise.all([11, 12, 13].map((one) => queue(work(one))))).toEqual([11, 12, 13])
  expect(most).toBe(2)
})
