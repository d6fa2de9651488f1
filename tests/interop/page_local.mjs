// The page asks nobody but its own peer, breaks no rule of its policy, and is small and quick
// (docs/spec/16-ledger.md, section 5.1).

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Peer, addExpense, assertClean, enter, launch, open, pageFiles, press, until } from './page_support.mjs'

const MAX_BYTES = 80_000
const FIRST_PAINT_MS = 2_000 // for a loaded machine; bench_page.mjs measures it
const POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
  "connect-src 'self' ws: wss:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
]

const files = readdirSync(pageFiles).filter((name) => name !== 'meson.build')

let browser, peer
before(async () => {
  browser = await launch()
  peer = await Peer.start()
})
after(async () => {
  await peer.remove()
  await browser.close()
})

test('every file comes with the strict policy', async () => {
  for (const name of files) {
    const answer = await fetch(`${peer.origin}/${name}`)
    assert.equal(answer.status, 200, name)
    const given = (answer.headers.get('content-security-policy') ?? '').split(';').map((rule) => rule.trim())
    assert.deepEqual(given.filter(Boolean).sort(), [...POLICY].sort(), name)
  }
})

test('all that the page loads are its own files, and it says where its bridge is', async () => {
  const page = await open(browser, peer.origin)
  const { bridge } = await (await fetch(`${peer.origin}/config.json`)).json()
  const { href } = new URL(bridge, peer.origin.replace('http', 'ws'))
  await until(`the address of the bridge: ${href}`, async () => new URL(await page.getByLabel('WS URL').inputValue()).href === href)
  const loaded = new Set(page.seen.requests.map((url) => new URL(url).pathname))
  for (const name of files.filter((name) => name !== 'index.html')) assert.ok(loaded.has(`/${name}`), `${name} is used`)
  assert.deepEqual([...loaded].filter((name) => !files.includes(name.slice(1))).sort(), ['/', '/config.json'])
  assertClean(page, peer)
})

test('a session makes no other request', async () => {
  const page = await open(browser, peer.origin)
  await until('all of the page', () => page.seen.requests.some((url) => url.endsWith('/config.json')))
  const before = page.seen.requests.length
  await enter(page, peer)
  await addExpense(page, { payer: 'alice', amount: '30', split: 'alice,bob', note: 'https://example.org/x.png' })
  await press(page, 'Persist')
  await press(page, 'Export CSV')
  await until('the export', () => page.locator('#export-data').isVisible())
  assert.deepEqual(page.seen.requests.slice(before).filter((url) => !url.endsWith('/icon.svg')), [`${peer.bridge}/`])
  assertClean(page, peer)
})

test('no file names another machine', () => {
  for (const name of files) {
    const text = readFileSync(path.join(pageFiles, name), 'utf8')
    const found = [...text.matchAll(/\b(?:https?|wss?):\/\/([^\s/"'`<>)]+)/g)].map((match) => match[1])
    const known = ['127.0.0.1:49222', '127.0.0.1:49222.', 'www.w3.org']
    assert.deepEqual(found.filter((host) => !known.includes(host)), [], name)
  }
})

test('nothing in the page parses HTML or runs text', () => {
  for (const name of files.filter((name) => name.endsWith('.js')))
    assert.doesNotMatch(readFileSync(path.join(pageFiles, name), 'utf8'), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, name)
})

test(`all files together are at most ${MAX_BYTES} bytes`, () => {
  const total = files.reduce((sum, name) => sum + readFileSync(path.join(pageFiles, name)).length, 0)
  console.log(`# ${total} bytes in ${files.length} files`)
  assert.ok(total <= MAX_BYTES, `${total} bytes`)
})

/** Milliseconds to the first paint of a new window. */
async function firstPaint (url, body) {
  const context = await browser.newContext()
  const page = await context.newPage()
  if (body) await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body }))
  await page.goto(url)
  const paint = () => page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime)
  const time = await until('a first paint', paint)
  await context.close()
  return time
}

// The best of some: other programs run on this machine too. What an empty document takes is the browser's, not ours.
test('the first paint comes at once', async () => {
  const [ours, empty] = [[], []]
  for (let i = 0; i < 8; i++) {
    empty.push(await firstPaint(`${peer.origin}/`, '<!doctype html><p>empty'))
    ours.push(await firstPaint(`${peer.origin}/`))
  }
  console.log(`# first paint after ${ours.map(Math.round).join(', ')} ms; of an empty document ${empty.map(Math.round).join(', ')} ms`)
  assert.ok(Math.min(...ours) - Math.min(...empty) < FIRST_PAINT_MS)
})
