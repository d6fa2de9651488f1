// What goes wrong with a connection is said in words, at its field, and mends itself where it can
// (docs/spec/16-ledger.md, section 5.1, states; docs/spec/13-sc-bridge.md, section 2).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ROOM, TOKEN, Peer, addExpense, assertClean, enter, fillConnection, fillExpense, launch, open, press, summaryLine, until } from './page_support.mjs'

let browser, peer
before(async () => {
  browser = await launch()
  peer = await Peer.start()
})
after(async () => {
  await peer.remove()
  await browser.close()
})

async function errorAt (page, field, text) {
  await until(`${field}: ${text}`, async () => text.test(await page.locator(`#${field}-error`).innerText()))
  assert.equal(await page.locator(`#${field}`).getAttribute('aria-invalid'), 'true')
  assert.equal(await page.evaluate(() => document.activeElement.id), field)
}

test('a wrong token is told at its field, and the right one goes in', async () => {
  const page = await open(browser, peer.origin)
  await fillConnection(page, peer, { token: 'guess' })
  await press(page, 'Connect')
  await errorAt(page, 'token', /The peer refused this token\./)
  await until('the end', async () => (await summaryLine(page)) === 'not connected')
  await enter(page, peer)
  assert.equal(await page.locator('#token').getAttribute('aria-invalid'), null)
  assertClean(page, peer)
})

test('a refused connection is told at the URL', async () => {
  const page = await open(browser, peer.origin)
  await fillConnection(page, peer, { url: 'ws://127.0.0.1:9' })
  await press(page, 'Connect')
  await errorAt(page, 'url', /Nothing answers at ws:\/\/127\.0\.0\.1:9\. Is the peer running, with --sc-bridge 1/)
})

test('what is no address is told at the URL', async () => {
  const page = await open(browser, peer.origin)
  await fillConnection(page, peer, { url: 'ftp://nowhere' })
  await press(page, 'Connect')
  await errorAt(page, 'url', /no WebSocket address/)
})

test('Join and Subscribe without a connection say what to do first', async () => {
  const page = await open(browser, peer.origin)
  for (const name of ['Join', 'Subscribe']) {
    await press(page, name)
    await until('the hint', async () => (await page.locator('#connect-hint').innerText()) === 'Connect first.')
  }
})

test('refused fields of an expense keep what was typed', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer, { channel: 'refusals' })
  await fillExpense(page, { payer: '', amount: '30', split: 'alice,bob' })
  await press(page, 'Add Expense')
  await errorAt(page, 'payer', /Missing payer\./)
  await fillExpense(page, { payer: 'alice', amount: '1e3', split: 'alice,bob', note: 'dinner' })
  await press(page, 'Add Expense')
  await errorAt(page, 'amount', /Invalid amount: ./)
  assert.equal(await page.getByLabel('Note').inputValue(), 'dinner')
  assert.equal(await page.locator('.entry').count(), 0)
})

test('a payer outside the split is put in, or left out when one says only', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer, { channel: 'only' })
  await addExpense(page, { payer: 'alice', amount: '30', split: 'bob,carol', note: 'with alice' })
  await until('three share', () => page.getByText('10.00 each').isVisible())
  await fillExpense(page, { payer: 'alice', amount: '30', split: 'bob,carol', note: 'without alice' })
  await page.locator('#more summary').click()
  await page.locator('#mode').selectOption('only')
  await press(page, 'Add Expense')
  await until('two share', () => page.getByText('15.00 each').isVisible())
})

test('what the peer says of a line moves no button from under a press', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer, { channel: 'still' })
  const before = await page.locator('#add').boundingBox()
  await fillExpense(page, { payer: 'alice', amount: '30', split: 'alice,bob', note: 'tea' })
  await until('the preview', () => page.locator('#add-preview').isVisible())
  assert.deepEqual(await page.locator('#add').boundingBox(), before)
})

test('the page comes back by itself when the peer does', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer)
  await addExpense(page, { payer: 'alice', amount: '30', split: 'alice,bob', note: 'before the break' })
  await peer.exit()
  await until('the loss is told', async () => /connection lost|connecting/.test(await summaryLine(page)))
  await until('with a way to try at once', () => page.getByRole('button', { name: 'Try now' }).isVisible())
  await press(page, 'Add Expense')
  assert.ok(await page.getByText('before the break').isVisible(), 'the entries stay in view')
  await peer.run()
  await until('joined again', async () => (await summaryLine(page)) === `${ROOM} · joined · subscribed`)
  await addExpense(page, { payer: 'bob', amount: '10', split: 'alice,bob', note: 'after the break' })
  assertClean(page, peer)
})

test('a peer that comes back with another token is not asked again and again', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer)
  await peer.exit()
  await peer.run('another')
  await until('the token is refused', async () => /refused this token/.test(await page.locator('#token-error').innerText()))
  await until('the end', async () => (await summaryLine(page)) === 'not connected')
  await peer.exit()
  await peer.run(TOKEN)
})

test('a reload goes back in, Disconnect forgets the token', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer)
  await page.reload()
  await until('in again', async () => (await summaryLine(page)) === `${ROOM} · joined · subscribed`)
  await page.locator('#connection summary').click()
  await press(page, 'Disconnect')
  await page.reload()
  assert.equal(await page.getByLabel('Token').inputValue(), '')
  await until('the end', async () => (await summaryLine(page)) === 'not connected')
})

test('a fragment fills the form and leaves the address bar', async () => {
  const page = await open(browser, `${peer.origin}/#token=${TOKEN}&channel=from-a-link`)
  await until('in', async () => (await summaryLine(page)) === 'from-a-link · joined · subscribed')
  assert.equal(page.url(), `${peer.origin}/`)
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes('mysecret123')), false, 'the token stays in the tab')
  assertClean(page, peer)
})
