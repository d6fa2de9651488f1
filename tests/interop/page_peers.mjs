// Two peers, a page on each: what is added on one appears on the other (docs/spec/16-ledger.md, sections 4 and 5;
// the seed's two-peer check).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onNetwork, startNetwork } from './network_support.mjs'
import { Peer, TOKEN, addExpense, assertClean, balanceOf, enter, feedSays, launch, open, press, summaryLine, tellAssistant, until } from './page_support.mjs'

const MEET_MS = 60_000

let browser, a, b, one, two
before(async () => {
  const flags = onNetwork(await startNetwork())
  browser = await launch()
  a = await Peer.start(TOKEN, flags)
  b = await Peer.start(TOKEN, flags)
  one = await open(browser, a.origin)
  two = await open(browser, b.origin)
  await enter(one, a)
  await enter(two, b)
})
after(async () => {
  for (const peer of [a, b]) await peer.remove()
  await browser.close()
})

async function shows (page, member, row) {
  await until(`${member}: ${row}`, async () => (await balanceOf(page, member)) === `${member} ${row}`)
}

test('each page says that a peer has the same ledger', async () => {
  for (const page of [one, two])
    await until('the peer', () => page.locator('.pills li', { hasText: '1 peer, same ledger' }).isVisible(), MEET_MS)
})

test('an entry of A appears on the page of B, with its balances', async () => {
  await addExpense(one, { payer: 'alice', amount: '30', split: 'alice,bob', note: 'dinner' })
  await until('the entry', () => two.getByText('dinner', { exact: true }).isVisible())
  await shows(two, 'alice', 'gets back +15.00')
  await shows(two, 'bob', 'owes -15.00')
})

test('and one of B on the page of A', async () => {
  await addExpense(two, { payer: 'bob', amount: '10', split: 'alice,bob', note: 'snacks' })
  await shows(one, 'alice', 'gets back +10.00')
  await shows(one, 'bob', 'owes -10.00')
})

test('both show the same ledger', async () => {
  const ledger = (page) => page.locator('.pills li', { hasText: 'ledger' }).innerText()
  await until('equal fingerprints', async () => (await ledger(one)) === (await ledger(two)))
})

test('a chat message arrives, and what ledgers say to each other is not shown', async () => {
  await one.getByLabel('Chat message').fill('who pays the taxi?')
  await press(one, 'Send')
  await feedSays(two, 'who pays the taxi?')
  const feed = await two.locator('#feed').innerText()
  assert.doesNotMatch(feed, /[{}]/)
})

test('a clear on one page empties the other', async () => {
  await press(one, 'Persist')
  await feedSays(one, 'stored=local')
  await press(one, 'Clear')
  await until('the other is empty', () => two.getByText('Everybody starts at 0.00.').isVisible())
})

/** What the assistant's line does, and that it is done. */
async function tell (page, line) {
  await tellAssistant(page, line)
  await until(`done: ${line}`, async () => (await page.locator('#say').inputValue()) === '')
}

async function restart (peer, flags, page) {
  await peer.exit()
  peer.flags = flags
  await peer.run()
  await until('the page is back', async () => /joined · subscribed/.test(await summaryLine(page)), MEET_MS)
}

test('changes that knew nothing of each other are a conflict on both pages, until one ends it', async () => {
  const network = b.flags
  await tell(one, 'room edit members')
  await tell(two, 'member bob claim')
  await addExpense(one, { payer: 'alice', amount: '20', split: 'alice,bob', note: 'museum' })
  await until('it is on both', () => two.getByText('museum', { exact: true }).isVisible(), MEET_MS)
  await restart(b, {}, two)
  await tell(two, 'edit last add alice 40 split alice,bob note forty')
  await tell(one, 'edit last add alice 60 split alice,bob note sixty')
  await restart(b, network, two)
  for (const page of [one, two]) {
    await until('the entry is marked', () => page.locator('.entry .tag.warn', { hasText: 'conflict' }).isVisible(), MEET_MS)
    await until('the bar counts it', () => page.locator('.pills .warn', { hasText: '1 conflict' }).isVisible())
  }
  const note = (page) => page.locator('.entry .what').first().innerText()
  assert.equal(await note(one), await note(two), 'the same values hold on both')
  await tell(one, 'edit last add alice 50 split alice,bob note fifty')
  for (const page of [one, two]) await until('it is over', async () => (await page.locator('.pills .warn').count()) === 0, MEET_MS)
  assert.equal(await note(two), 'fifty')
})

test('an entry whose time is yet to come is marked', async () => {
  assert.equal(await two.locator('.entry .tag', { hasText: 'ahead' }).count(), 0)
  await two.addInitScript(() => {
    const now = Date.now
    Date.now = () => now() - 2 * 24 * 3600 * 1000
  })
  await two.reload()
  await until('the mark', () => two.locator('.entry .tag.warn', { hasText: 'ahead' }).first().isVisible(), MEET_MS)
})

test('no page saw anything go wrong', () => {
  assertClean(one, a)
  assertClean(two, b)
})
