// The seed's tutorial, step by step, on the page that the peer serves (docs/spec/16-ledger.md, sections 0 and 5).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  ROOM, Peer, addExpense, assertClean, balanceIs, enter, feed, feedSays, launch, open, press, summaryLine,
  tellAssistant, until,
} from './page_support.mjs'

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const BALANCE = ['alice: +15.00', 'bob: -15.00', 'bob -> alice: 15.00']

async function balanceIsRight (page) {
  await press(page, 'Balance')
  for (const line of BALANCE) await feedSays(page, line)
  await balanceIs(page, 'alice', 'gets back +15.00')
  await balanceIs(page, 'bob', 'owes -15.00')
  await until('the payment', async () => /bob\s*→.*alice\s+15\.00/s.test(await page.locator('#settle').innerText()))
}

/** Everything after the first entry: balance, persist, export, stop, start, restore, balance. */
async function restOfTheTutorial (page, peer) {
  await balanceIsRight(page)

  await press(page, 'Persist')
  await feedSays(page, 'stored=local tx=none')
  await until('where it is', async () => /Saved on this machine: 1 entry\. Not in the contract/.test(await page.getByRole('status').innerText()))

  await press(page, 'Export Text')
  const text = page.getByLabel('Export', { exact: true })
  await until('the export is shown', async () => (await text.inputValue()).includes('InterSplit Settlement Export'))
  for (const line of [`channel: ${ROOM}`, '- alice: +15.00', '- bob: -15.00', '- bob -> alice: 15.00'])
    assert.ok((await text.inputValue()).split('\n').includes(line), `the export has the line "${line}"`)

  await peer.exit()
  await until('the page says that the peer is gone', async () => (await summaryLine(page)) !== `${ROOM} · joined · subscribed`)
  await peer.run()
  await until('the page is back by itself', async () => (await summaryLine(page)) === `${ROOM} · joined · subscribed`)

  await press(page, 'Restore')
  await feedSays(page, 'source=local')
  await balanceIsRight(page)
  assertClean(page, peer)
}

async function tutorial (addDinner) {
  const peer = await Peer.start()
  try {
    const page = await open(browser, peer.origin)
    await enter(page, peer)
    await addDinner(page)
    await restOfTheTutorial(page, peer)
  } finally {
    await peer.remove()
  }
}

test('the tutorial, with the form', () =>
  tutorial((page) => addExpense(page, { payer: 'alice', amount: '30', split: 'alice,bob', note: 'dinner' })))

test('the tutorial, with the assistant', () =>
  tutorial(async (page) => {
    await tellAssistant(page, 'add alice 30 split alice,bob note dinner')
    await feedSays(page, 'added 30.00 by alice split=alice,bob')
  }))

test('the assistant does all of it', async () => {
  const peer = await Peer.start()
  try {
    const page = await open(browser, peer.origin)
    await enter(page, peer)
    await tellAssistant(page, 'add alice 30 split alice,bob note dinner')
    await feedSays(page, 'added 30.00 by alice split=alice,bob')
    await tellAssistant(page, 'balance')
    for (const line of BALANCE) await feedSays(page, line)
    await tellAssistant(page, 'persist')
    await feedSays(page, 'stored=local')
    await tellAssistant(page, 'restore')
    await feedSays(page, 'source=local')
    await tellAssistant(page, 'export text')
    await until('the export is shown', async () => (await page.locator('#export-data').inputValue()).includes('- bob -> alice: 15.00'))
    assert.doesNotMatch(await feed(page), /error/)
    assertClean(page, peer)
  } finally {
    await peer.remove()
  }
})

test('the page says where a persisted room is', async () => {
  const peer = await Peer.start()
  try {
    const page = await open(browser, peer.origin)
    await enter(page, peer)
    await until('where', async () => /on this machine.*not written to the contract/s.test(await page.locator('#keep-hint').innerText()))
  } finally {
    await peer.remove()
  }
})
