// What a person waits for at the page: the first paint, and a room of 10 000 entries.
//
//   node tests/bench/bench_page.mjs BUILD
//
// Each figure is a median. The paint of an empty document is the browser's own part of ours.

import path from 'node:path'

const build = path.resolve(process.argv[2])
process.env.TEST_BUILD = build
const { Peer, enter, launch, open, press, until, unfold } = await import('../interop/page_support.mjs')

const PAINTS = 15
const ENTRIES = 10_000
const STEPS = 40 // of "Show older", and of scrolling

function figure (name, value, unit, limit) {
  const line = { figure: name, value: Number(value.toPrecision(4)), unit }
  console.log(JSON.stringify(limit === undefined ? line : { ...line, limit, ok: value <= limit }))
}

function median (times) {
  return times.sort((a, b) => a - b)[times.length >> 1]
}

async function firstPaint (browser, url, body) {
  const context = await browser.newContext()
  const page = await context.newPage()
  if (body) await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body }))
  await page.goto(url)
  const time = await until('a first paint', () => page.evaluate(() => performance.getEntriesByName('first-paint')[0]?.startTime))
  await context.close()
  return time
}

async function paints (browser, peer) {
  const [ours, empty] = [[], []]
  for (let i = 0; i < PAINTS; i++) {
    empty.push(await firstPaint(browser, `${peer.origin}/`, '<!doctype html><p>empty'))
    ours.push(await firstPaint(browser, `${peer.origin}/`))
  }
  figure('page_first_paint_empty_document', median(empty), 'ms')
  figure('page_first_paint', median(ours), 'ms', 100)
}

function manyEntries () {
  const people = ['alice', 'bob', 'carol', 'dmitri']
  return Array.from({ length: ENTRIES }, (_, i) => ({
    txId: `many-${i}`, payer: people[i % 4], amountCents: 100 + i, split: people.slice(i % 3), note: `entry ${i}`, ts: 1.7e12 + i * 6e6, by: null,
  }))
}

/** Longest time between two frames, in milliseconds, while one scrolls or asks for older entries. */
function longestFrame (page, what) {
  return page.evaluate(async ([what, steps]) => {
    const step = { scroll: () => window.scrollBy(0, 300), older: () => [...document.querySelectorAll('#timeline > button')].at(-1).click() }
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    let [longest, last] = [0, await frame()]
    for (let i = 0; i < steps; i++) {
      step[what]()
      for (let k = 0; k < 2; k++) {
        const now = await frame()
        longest = Math.max(longest, now - last)
        last = now
      }
    }
    return longest
  }, [what, STEPS])
}

async function largeRoom (browser, peer) {
  await peer.leaveSnapshot(manyEntries(), 'many')
  const page = await open(browser, peer.origin)
  await enter(page, peer, { channel: 'many' })
  await unfold(page)
  await press(page, 'Restore')
  await until('all entries', async () => /10000 entries/.test(await page.locator('#you').innerText()), 60_000)
  await page.reload()
  const started = await page.evaluate(() => performance.timeOrigin)
  await until('the newest entries', () => page.locator('.entry').first().isVisible(), 30_000)
  figure('page_10000_entries_newest_seen', Date.now() - started, 'ms')
  await until('the oldest entries', async () => !/Reading/.test(await page.locator('#timeline').innerText()), 30_000)
  figure('page_10000_entries_all_read', Date.now() - started, 'ms')
  figure('page_10000_entries_scroll_longest_frame', await longestFrame(page, 'scroll'), 'ms')
  figure('page_10000_entries_older_longest_frame', await longestFrame(page, 'older'), 'ms')
  figure('page_10000_entries_elements', await page.evaluate(() => document.querySelectorAll('*').length), 'elements', 5_000)
}

const browser = await launch()
const peer = await Peer.start()
try {
  await paints(browser, peer)
  await largeRoom(browser, peer)
} finally {
  await peer.remove()
  await browser.close()
}
