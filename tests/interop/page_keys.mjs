// The whole way without a mouse (docs/spec/16-ledger.md, section 5.2).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ROOM, TOKEN, Peer, assertClean, balanceOf, enter, feedSays, launch, open, summaryLine, until } from './page_support.mjs'

let browser, peer
before(async () => {
  browser = await launch()
  peer = await Peer.start()
})
after(async () => {
  await peer.remove()
  await browser.close()
})

function focused (page) {
  return page.evaluate(() => document.activeElement.id || document.activeElement.tagName.toLowerCase())
}

async function focusIs (page, id) {
  await until(`the focus at ${id}`, async () => (await focused(page)) === id)
}

/** Press Tab until the element has the focus; every stop on the way shows where it is. */
async function tabTo (page, id) {
  const stops = []
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab')
    stops.push(await focused(page))
    if (stops.at(-1) === 'body') continue // on its way through the browser's own controls
    assert.ok(await ringIsVisible(page), `a focus ring at ${stops.at(-1)}`)
    if (stops.at(-1) === id) return
  }
  assert.fail(`Tab never came to ${id}: ${stops.join(' ')}`)
}

function ringIsVisible (page) {
  return page.evaluate(() => {
    const style = getComputedStyle(document.activeElement)
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
  })
}

test('connect, join, subscribe, add, balance by keyboard', async () => {
  const page = await open(browser, peer.origin)
  await tabTo(page, 'url')
  await page.keyboard.press('Control+A')
  await page.keyboard.type(peer.bridge)
  await tabTo(page, 'token')
  await page.keyboard.type(TOKEN)
  await tabTo(page, 'channel')
  await page.keyboard.type(ROOM)
  await page.keyboard.press('Enter')
  await until('connected', () => page.locator('#room').isVisible())
  await tabTo(page, 'join')
  await page.keyboard.press('Space')
  await until('joined', async () => (await summaryLine(page)).includes('joined'))
  await tabTo(page, 'subscribe')
  await page.keyboard.press('Enter')
  await until('the card folds and keeps the focus', async () => (await focused(page)) === 'summary')

  await page.keyboard.press('a')
  await focusIs(page, 'payer')
  await page.keyboard.type('alice')
  await tabTo(page, 'amount')
  await page.keyboard.type('30')
  await tabTo(page, 'split')
  await page.keyboard.type('alice,bob')
  await tabTo(page, 'note')
  await page.keyboard.type('dinner')
  await page.keyboard.press('Enter')
  await until('the entry', async () => (await balanceOf(page, 'alice')) === 'alice gets back +15.00')
  await focusIs(page, 'amount')
  await tabTo(page, 'balance')
  await page.keyboard.press('Enter')
  await feedSays(page, 'bob -> alice: 15.00')
  assertClean(page, peer)
})

test('the skip link leads to the form', async () => {
  const page = await open(browser, peer.origin)
  await tabTo(page, 'skip')
  await page.keyboard.press('Enter')
  await focusIs(page, 'url')
  await enter(page, peer)
  await page.reload()
  await until('back in the room', () => page.locator('#room').isVisible())
  await tabTo(page, 'skip')
  await page.keyboard.press('Enter')
  await focusIs(page, 'payer')
})

test('single letters lead to their places, not inside fields, and can be switched off', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer)
  for (const [key, id] of [['b', 'balances-title'], ['s', 'settle-title'], ['/', 'say']]) {
    await page.keyboard.press(key)
    await focusIs(page, id)
  }
  await page.keyboard.type('sab?')
  assert.equal(await page.locator('#say').inputValue(), 'sab?')

  await page.getByRole('button', { name: 'Help' }).focus()
  await page.keyboard.press('?')
  await until('the help', () => page.getByRole('dialog').isVisible())
  await tabTo(page, 'shortcuts')
  await page.keyboard.press('Space')
  await page.keyboard.press('Escape')
  await until('its end', async () => !(await page.getByRole('dialog').isVisible()))
  await focusIs(page, 'help-open')
  await page.keyboard.press('b')
  await focusIs(page, 'help-open')
  await page.reload()
  await until('back in the room', () => page.locator('#room').isVisible())
  await page.keyboard.press('b')
  assert.notEqual(await focused(page), 'balances-title', 'and stay off')
})

test('the assistant has a history, completion and a preview', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer)
  await page.keyboard.press('/')
  await page.keyboard.type('add carol 9 split ali')
  await until('a suggestion', () => page.locator('#say-word').isVisible())
  await page.keyboard.press('ArrowRight')
  assert.equal(await page.locator('#say').inputValue(), 'add carol 9 split alice')
  await until('a preview names the amount', async () => /9\b/.test(await page.locator('#say-preview').innerText()))
  await page.keyboard.press('Enter')
  await feedSays(page, 'added 9.00 by carol')
  await page.keyboard.type('balance')
  await page.keyboard.press('Enter')
  await until('the line is empty', async () => (await page.locator('#say').inputValue()) === '')
  await page.keyboard.type('half')
  for (const [key, text] of [['ArrowUp', 'balance'], ['ArrowUp', 'add carol 9 split alice'], ['ArrowDown', 'balance'], ['ArrowDown', 'half']]) {
    await page.keyboard.press(key)
    assert.equal(await page.locator('#say').inputValue(), text)
  }
})

test('pay, undo and the details of an entry by keyboard; the focus is never lost', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer, { channel: 'by-keys' })
  await page.keyboard.press('/')
  await page.keyboard.type('add alice 30 split alice,bob note dinner')
  await page.keyboard.press('Enter')
  await until('the entry', () => page.locator('.entry').count())
  await page.locator('#me').selectOption('bob')
  await page.getByLabel('Amount to pay alice').focus()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('5')
  await page.keyboard.press('Enter')
  await until('paid', async () => /you owe 10\.00/.test(await page.locator('#you').innerText()))
  await focusIs(page, 'h2')
  await page.locator('.entry summary').last().focus()
  await page.keyboard.press('Enter')
  await until('the shares', () => page.getByText('Shares: alice 15.00, bob 15.00').isVisible())
  await page.evaluate(() => document.activeElement.setAttribute('id', 'here'))
  await page.locator('#say').evaluate((line) => (line.value = 'add bob 2 split alice,bob note tea'))
  await page.evaluate(() => document.querySelector('#assistant-form').requestSubmit())
  await until('one more', async () => (await page.locator('.entry').count()) === 3)
  await focusIs(page, 'here')
  assertClean(page, peer)
})

test('several payers, a repeat, and a dispute by keyboard', async () => {
  const page = await open(browser, peer.origin)
  await enter(page, peer, { channel: 'more-keys' })
  await page.keyboard.press('/')
  await page.keyboard.type('add alice 2 split alice,bob note tea')
  await page.keyboard.press('Enter')
  await until('the entry', () => page.locator('.entry').count())
  await page.keyboard.press('Escape')
  await page.locator('#payer').focus()
  await page.keyboard.type('alice')
  await tabTo(page, 'amount')
  await page.keyboard.type('30')
  await page.locator('#more summary').focus()
  await page.keyboard.press('Enter')
  await tabTo(page, 'every')
  await page.keyboard.type('every m')
  await tabTo(page, 'several')
  await page.keyboard.press('Space')
  await page.locator('#payer-chips button').last().focus()
  await page.keyboard.press('Space')
  assert.equal(await page.evaluate(() => document.activeElement.dataset.name), 'bob', 'the focus stays at the chip')
  for (const amount of ['20', '10']) {
    await page.keyboard.press('Tab')
    await page.keyboard.type(amount)
  }
  await until('the preview', async () => /Every 1 month .* paid by alice=20\.00,bob=10\.00/.test(await page.locator('#add-preview').innerText()))
  await page.locator('#me').selectOption('bob')
  await page.getByRole('button', { name: 'sign as bob' }).focus()
  await page.keyboard.press('Enter')
  await until('claimed', async () => (await page.getByRole('button', { name: 'sign as bob' }).count()) === 0)
  await page.locator('.entry summary').focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Dispute' }).focus()
  await page.keyboard.press('Enter')
  await until('disputed', () => page.locator('.entry .tag.warn', { hasText: 'disputed' }).isVisible())
  assertClean(page, peer)
})
