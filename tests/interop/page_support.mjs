// What the tests of the page share: a peer with its page, a browser that reports everything, waiting for texts.
//
// INTERCOM_PEER and INTERCOM_BRIDGE name the programs, CHROMIUM another browser than Debian's.
// A file that can't run here ends with 77, which meson counts as skipped.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
export const pageFiles = path.join(root, 'bridge/page')
export const TOKEN = 'mysecret123'
export const ROOM = 'trip-nyc'

const build = process.env.TEST_BUILD ?? path.join(root, 'build')
const program = process.env.INTERCOM_PEER ?? path.join(build, 'cli/intercom-peer')
const relay = process.env.INTERCOM_BRIDGE ?? path.join(build, 'bridge/intercom-bridge')
const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const START_MS = 60_000
const WAIT_MS = 60_000

function skip (reason) {
  console.log(`skipped: ${reason}`)
  process.exit(77)
}

const playwright = await import('playwright-core').catch(() => skip('no npm packages: run scripts/npm'))
if (!existsSync(chromiumPath)) skip(`no browser at ${chromiumPath}: install chromium or set CHROMIUM`)
for (const file of [program, relay]) if (!existsSync(file)) skip(`no ${file}: build it`)

/* --- waiting --- */

/** Ask `probe` until it holds. The last failure of the probe is part of the message. */
export async function until (what, probe, timeoutMs = WAIT_MS) {
  const end = Date.now() + timeoutMs
  let last = ''
  for (;;) {
    try {
      const value = await probe()
      if (value) return value
    } catch (error) {
      last = ` (${error.message})`
    }
    if (Date.now() > end) assert.fail(`waited ${timeoutMs} ms for: ${what}${last}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/* --- the peer --- */

async function freePort () {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** One peer with bridge and page on ports and stores of its own, which stay over restarts. */
export class Peer {
  static async start (token = TOKEN, flags = {}) {
    const peer = new Peer()
    peer.flags = flags
    peer.stores = mkdtempSync(path.join(tmpdir(), 'intercom-page-'))
    peer.bridgePort = await freePort()
    peer.pagePort = await freePort()
    await peer.run(token)
    return peer
  }

  get origin () {
    return `http://127.0.0.1:${this.pagePort}`
  }

  get bridge () {
    return `ws://127.0.0.1:${this.bridgePort}`
  }

  /** Terminal A of the seed's tutorial. */
  async run (token = TOKEN) {
    const flags = {
      'peer-stores-directory': `${this.stores}/`,
      'peer-store-name': 'demo2',
      sidechannels: ROOM,
      'sc-bridge': 1,
      'sc-bridge-token': token,
      'sc-bridge-port': this.bridgePort,
      ui: 1,
      'ui-port': this.pagePort,
      'ui-directory': pageFiles,
      ...this.flags,
    }
    const line = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
    this.output = ''
    this.child = spawn(program, line, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.ended = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve(code ?? signal)))
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (data) => (this.output += data))
    await until('the peer serves its page', () => this.answers(), START_MS).catch((error) => {
      error.message += `\n${this.output}`
      throw error
    })
  }

  /** Put the snapshot file of an original peer into the store. */
  async leaveSnapshot (events, channel = ROOM) {
    const rooms = [{ channel, version: 1, events }]
    await writeFile(path.join(this.stores, 'demo2/expense-split.snapshots.json'), JSON.stringify({ version: 1, rooms }))
  }

  async answers () {
    if (this.child.exitCode !== null) throw new Error(`the peer ended with ${this.child.exitCode}`)
    return (await fetch(this.origin)).ok
  }

  /** `/exit` in terminal A. */
  async exit () {
    this.child.stdin.write('/exit\n')
    const timer = setTimeout(() => this.child.kill('SIGKILL'), START_MS)
    const how = await this.ended
    clearTimeout(timer)
    assert.equal(how, 0, `the peer ends well after /exit\n${this.output}`)
  }

  async remove () {
    if (this.child.exitCode === null) this.child.kill('SIGKILL')
    await this.ended
    rmSync(this.stores, { recursive: true, force: true })
  }
}

/** intercom-bridge: the page in a process of its own, beside `peer`. */
export async function startRelay (peer) {
  const port = await freePort()
  const line = ['--ui-port', String(port), '--bridge', peer.bridge, '--page-dir', pageFiles]
  const child = spawn(relay, line, { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const origin = `http://127.0.0.1:${port}`
  await until('intercom-bridge serves the page', async () => (await fetch(origin)).ok, START_MS)
  const stop = async () => {
    child.kill('SIGTERM')
    assert.equal(await ended, 0, 'intercom-bridge ends well')
  }
  return { origin, bridge: `${origin.replace('http', 'ws')}/bridge`, stop }
}

/* --- the browser --- */

export function launch () {
  return playwright.chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  })
}

/** A new window on `url`. What it asks for, and all that goes wrong in it, is in `seen`. */
export async function open (browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(WAIT_MS)
  page.seen = { requests: [], problems: [] }
  page.on('request', (request) => page.seen.requests.push(request.url()))
  page.on('websocket', (socket) => page.seen.requests.push(socket.url()))
  page.on('pageerror', (error) => page.seen.problems.push(error.message))
  page.on('dialog', (dialog) => page.seen.problems.push(`a dialog: ${dialog.message()}`))
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected(message)) page.seen.problems.push(message.text())
  })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective}`))
  })
  await page.goto(url)
  await until('the page takes presses', () => page.evaluate(() => !document.body.inert))
  return page
}

/** The browser itself reports a WebSocket that finds nobody; the page then says so in words. */
function expected (message) {
  return /WebSocket connection to .* failed/.test(message.text())
}

/** Nothing went wrong unseen, and nobody else was asked for anything. */
export function assertClean (page, peer) {
  assert.deepEqual(page.seen.problems, [])
  const own = [peer.origin, peer.origin.replace('http', 'ws'), peer.bridge].map((place) => `${place}/`)
  assert.deepEqual(page.seen.requests.filter((url) => !own.some((place) => url.startsWith(place))), [])
}

/* --- the page, as a person uses it --- */

export async function fillConnection (page, peer, { token = TOKEN, channel = ROOM, url = peer.bridge } = {}) {
  await page.getByLabel('WS URL').fill(url)
  await page.getByLabel('Token').fill(token)
  await page.getByLabel('Channel').fill(channel)
}

export async function press (page, name) {
  await page.getByRole('button', { name, exact: true }).click()
}

/** Connect, Join, Subscribe. */
export async function enter (page, peer, given) {
  await fillConnection(page, peer, given)
  await press(page, 'Connect')
  await until('connected', () => page.locator('#room').isVisible())
  await press(page, 'Join')
  await until('joined', async () => (await summaryLine(page)).includes('joined'))
  await press(page, 'Subscribe')
  await until('the card folds', async () => !(await page.getByLabel('WS URL').isVisible()))
}

export function summaryLine (page) {
  return page.locator('#connection-line').innerText()
}

export async function fillExpense (page, { payer, amount, split = '', note = '' }) {
  await page.locator('#payer').fill(payer)
  await page.locator('#amount').fill(amount)
  await page.locator('#split').fill(split)
  await page.locator('#note').fill(note)
}

export async function addExpense (page, expense) {
  const before = await page.locator('.entry').count()
  await fillExpense(page, expense)
  await press(page, 'Add Expense')
  await until(`an entry for ${expense.note}`, async () => (await page.locator('.entry').count()) > before)
}

export async function tellAssistant (page, text) {
  await page.locator('#say').fill(text)
  await press(page, 'Run')
}

export async function feedSays (page, text, timeoutMs) {
  await until(`Live Feed says ${JSON.stringify(text)}`, async () => (await feed(page)).includes(text), timeoutMs)
}

export function feed (page) {
  return page.locator('#feed').textContent()
}

/** On a narrow page some cards are folded. */
export async function unfold (page) {
  await page.evaluate(() => document.querySelectorAll('.fold').forEach((card) => (card.open = true)))
}

/** A row of the balances as it reads: "alice gets back +15.00". */
export async function balanceOf (page, member) {
  const row = page.locator('.balances tbody tr', { has: page.getByRole('rowheader', { name: member }) })
  return (await row.innerText()).replace(/\s+/g, ' ').trim()
}

export async function balanceIs (page, member, row) {
  await until(`${member} ${row}`, async () => (await balanceOf(page, member)) === `${member} ${row}`)
}

/** How far the document is wider than the window, in CSS pixels. */
export function sideways (page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
