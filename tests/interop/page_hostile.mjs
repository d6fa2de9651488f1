// What strangers write is text on the page and never anything else; the page never scrolls sideways
// (docs/spec/16-ledger.md, sections 4.6 and 5.2).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Peer, addExpense, assertClean, enter, feedSays, launch, open, press, sideways, tellAssistant, unfold, until } from './page_support.mjs'

const HTML = '<img src=x onerror=alert(1)><script>alert(2)</script><b>bold</b>'
const REVERSED = 'cash \u202Egnp.exe\u2066'
const LONG = 'w'.repeat(900)
const LONG_NAME = 'n'.repeat(40)

let browser, peer
before(async () => {
  browser = await launch()
  peer = await Peer.start()
})
after(async () => {
  await peer.remove()
  await browser.close()
})

/** Nothing in the document was made out of text. */
async function assertOnlyText (page) {
  assert.equal(await page.locator('main b >> text=bold').count(), 0)
  assert.equal(await page.locator('img[src="x"]').count(), 0)
  assert.equal(await page.locator('body script').count(), 0)
  assertClean(page, peer)
}

test('hostile notes are shown as text', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer)
  for (const note of [HTML, LONG]) await addExpense(page, { payer: 'alice', amount: '30', split: 'alice,bob', note })
  assert.equal(await page.locator('.what', { hasText: HTML }).count(), 1)
  await assertOnlyText(page)
})

test('a direction override in a note is spelled out', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer)
  await addExpense(page, { payer: 'alice', amount: '1', split: 'alice,bob', note: REVERSED })
  await until('the note', async () => (await page.locator('.what', { hasText: /cash .*gnp\.exe/ }).count()) === 1)
  assert.doesNotMatch(await page.locator('main').textContent(), /[\u202a-\u202e\u2066-\u2069]/)
  await assertOnlyText(page)
})

test('an unsigned entry of the original, with names that ours refuses, is text and marked', async () => {
  const page = await open(browser, peer.origin, { viewport: { width: 390, height: 800 } })
  const payer = '<img src=x onerror=alert(3)>'
  const split = [payer, 'bob\u202Egnp', 'javascript:alert(4)', 'n'.repeat(120)]
  await peer.leaveSnapshot([{ txId: '1', payer, amountCents: 200, split, note: HTML, ts: 1e17, by: REVERSED }], 'old')
  await enter(page, peer, { channel: 'old' })
  await unfold(page)
  await press(page, 'Restore')
  await until('the entry', () => page.getByText('unsigned', { exact: true }).isVisible())
  await page.locator('#me').selectOption(payer)
  await page.locator('#split-chips button').first().click()
  await until('its balance', async () => (await page.locator('#balances').innerText()).includes(payer))
  assert.doesNotMatch(await page.locator('main').textContent(), /[\u202a-\u202e\u2066-\u2069]/)
  assert.equal(await sideways(page), 0)
  await assertOnlyText(page)
})

test('a long note is cut, and shown whole when asked', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer)
  const note = page.locator('.what', { hasText: 'www' })
  const height = async () => (await note.boundingBox()).height
  assert.ok((await height()) < 100)
  await note.click()
  await until('all of it', async () => (await height()) > 100)
})

test('hostile chat, commands and channel names are text too', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer, { channel: 'b<i>x</i>' })
  await page.getByLabel('Chat message').fill(HTML)
  await press(page, 'Send')
  await feedSays(page, HTML)
  await tellAssistant(page, HTML)
  await until('the command is refused', async () => (await page.locator('#say-error').innerText()) !== '')
  await assertOnlyText(page)
})

for (const width of [1280, 390, 320]) {
  test(`no sideways scroll at ${width} pixels`, async () => {
    const page = await open(browser, peer.origin, { viewport: { width, height: 800 } })
    assert.equal(await sideways(page), 0, 'not connected')
    await enter(page, peer, { channel: `w${width}${'x'.repeat(60)}` })
    assert.equal(await sideways(page), 0, 'an empty room')
    await addExpense(page, { payer: LONG_NAME, amount: '99999999999.99', split: `${LONG_NAME},bob`, note: LONG })
    await addExpense(page, { payer: 'bob', amount: '0.01', split: `carol,${'m'.repeat(40)}`, note: REVERSED })
    await unfold(page)
    await page.getByLabel('Chat message').fill(LONG)
    await press(page, 'Send')
    await feedSays(page, 'www')
    await press(page, 'Balance')
    await press(page, 'Export Text')
    await page.locator('#me').selectOption('bob')
    await page.locator('#say').fill(`add ${LONG}`)
    assert.equal(await sideways(page), 0, 'with entries')
    assert.equal(await cutOff(page), '', 'nothing is wider than its card')
    await press(page, 'Help')
    assert.equal(await sideways(page), 0, 'help')
  })
}

/** The first text that reaches over the right edge of the card it's in. */
function cutOff (page) {
  return page.evaluate(() => {
    for (const card of document.querySelectorAll('.card')) {
      const edge = card.getBoundingClientRect().right
      for (const node of card.querySelectorAll('p, b, bdi, th, td, li, button, input, label'))
        if (node.getBoundingClientRect().right > edge + 0.5) return `${node.tagName}: ${node.textContent.slice(0, 40)}`
    }
    return ''
  })
}
