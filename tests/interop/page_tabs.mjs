// Two clients of one peer see each other's entries at once (docs/spec/13-sc-bridge.md, section 7: the push).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Peer, addExpense, assertClean, balanceIs, enter, feedSays, launch, open, press, until } from './page_support.mjs'

let browser, peer, one, two
before(async () => {
  browser = await launch()
  peer = await Peer.start()
  one = await open(browser, peer.origin)
  two = await open(browser, peer.origin)
  for (const page of [one, two]) await enter(page, peer)
})
after(async () => {
  await peer.remove()
  await browser.close()
})

test('an entry of one tab appears in the other, with its balances', async () => {
  await addExpense(one, { payer: 'alice', amount: '30', split: 'alice,bob', note: 'dinner' })
  await until('the entry', () => two.getByText('dinner', { exact: true }).isVisible())
  await balanceIs(two, 'alice', 'gets back +15.00')
  await balanceIs(two, 'bob', 'owes -15.00')
  await feedSays(two, 'added 30.00 by alice split=alice,bob')
})

test('and back', async () => {
  await addExpense(two, { payer: 'bob', amount: '10', split: 'alice,bob', note: 'snacks' })
  await balanceIs(one, 'alice', 'gets back +10.00')
  await balanceIs(one, 'bob', 'owes -10.00')
})

test('both show the same ledger', async () => {
  const ledger = (page) => page.locator('.pills li', { hasText: 'ledger' }).innerText()
  await until('equal fingerprints', async () => (await ledger(one)) === (await ledger(two)))
})

test('a clear in one tab empties the other', async () => {
  await press(one, 'Persist')
  await feedSays(one, 'stored=local')
  await press(one, 'Clear')
  await until('the other is empty', () => two.getByText('Everybody starts at 0.00.').isVisible())
  await until('no entries', () => two.getByText('No entries yet.').isVisible())
})

test('no tab saw anything go wrong', () => {
  assertClean(one, peer)
  assertClean(two, peer)
  assert.ok(one.seen.requests.length > 0)
})
