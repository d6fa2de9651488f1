// Entries through the form in every mode, with the shares of docs/spec/16-ledger.md, section 2.4; what comes again;
// confirming, disputing, and the ways back (sections 4.3 and 5.1).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Peer, addExpense, assertClean, balanceOf, enter, fillExpense, launch, open, press, tellAssistant, unfold, until } from './page_support.mjs'

let browser, peer
before(async () => {
  browser = await launch()
  peer = await Peer.start()
})
after(async () => {
  await peer.remove()
  await browser.close()
})

async function room (channel, lines = []) {
  const page = await open(browser, peer.origin)
  await enter(page, peer, { channel })
  for (const line of lines) {
    await tellAssistant(page, line)
    await until(`done: ${line}`, async () => (await page.locator('#say').inputValue()) === '')
  }
  return page
}

async function says (page, id, what) {
  const text = async () => (await page.locator(`#${id}`).innerText()).replace(/\s+/g, ' ').trim()
  await until(`${id}: ${what}`, async () => what.test(await text())).catch(async (error) => {
    error.message += `; it says: ${await text()}`
    throw error
  })
}

async function more (page) {
  if (!(await page.locator('#mode').isVisible())) await page.locator('#more summary').click()
}

async function splitBy (page, mode, values = {}) {
  await more(page)
  await page.locator('#mode').selectOption(mode)
  await type(page, 'split-parts', values)
}

async function type (page, box, values) {
  for (const [name, value] of Object.entries(values)) await page.locator(`#${box} input[data-name="${name}"]`).fill(value)
}

/** The preview has come, so that it doesn't move the button away. */
async function add (page) {
  await says(page, 'add-preview', /./)
  const before = await page.locator('.entry').count()
  await press(page, 'Add Expense')
  await until('one more entry', async () => (await page.locator('.entry').count()) > before)
}

/** Open the newest entry; its details say `what`. */
async function newestSays (page, what) {
  const entry = page.locator('.entry').first()
  if ((await entry.locator('details[open]').count()) === 0) await entry.locator('summary').click()
  await says(page, 'timeline', what)
}

async function act (page, name) {
  await newestSays(page, /Void|Bring back/)
  await press(page, name)
}

const people = (n) => Array.from({ length: n }, (_, i) => `m${i}`)
const equal = (n, first, rest, big) => people(n).map((name, i) => `${name} ${i < big ? first : rest}`).join(', ')

/* amount, who shares, mode, what is typed, the shares */
const GOLDEN = [
  ['10', 'a,b,c', '', {}, 'a 3.34, b 3.33, c 3.33'],
  ['1.00', 'a,b,c', '', {}, 'a 0.34, b 0.33, c 0.33'],
  ['30.05', people(10).join(), '', {}, equal(10, '3.01', '3.00', 5), 'm0'],
  ['30', people(7).join(), '', {}, equal(7, '4.29', '4.28', 4), 'm0'],
  ['0.01', 'a,b,c', '', {}, 'a 0.01, b 0.00, c 0.00'],
  ['66,69', 'a,b', '', {}, 'a 33.35, b 33.34'],
  ['12', 'b,c', 'only', {}, 'b 6.00, c 6.00'],
  ['10', 'a,b', '*', { a: '2' }, 'a 6.67, b 3.33'],
  ['10', 'a,b,c', '*', { b: '2', c: '3' }, 'a 1.67, b 3.33, c 5.00'],
  ['100', 'a,b,c', '%', { a: '33.33', b: '33.33', c: '33.34' }, 'a 33.33, b 33.33, c 33.34'],
  ['99.99', 'a,b', '%', { a: '50', b: '50' }, 'a 50.00, b 49.99'],
  ['524.33', 'a,b,c', '=', { a: '110.11', b: '209.74', c: '204.48' }, 'a 110.11, b 209.74, c 204.48'],
  ['18', 'a,b,c', '+', { b: '3' }, 'a 5.00, b 8.00, c 5.00'],
  ['(120+5)/4', 'a,b', '', {}, 'a 15.63, b 15.62'],
]

for (const [i, [amount, split, mode, values, shares, payer = 'a']] of GOLDEN.entries()) {
  test(`${amount} among ${split}, mode "${mode}", ${JSON.stringify(values)}`, async () => {
    const page = await room(`golden-${i}`)
    await fillExpense(page, { payer, amount, split, note: 'golden' })
    await splitBy(page, mode, values)
    await add(page)
    await newestSays(page, new RegExp(`Shares: ${shares.replaceAll('.', '\\.')} `))
    assertClean(page, peer)
    await page.context().close()
  })
}

test('items with tax, a refund, and amounts of other exponents', async () => {
  const page = await room('golden-more')
  await fillExpense(page, { payer: 'a', amount: '100', split: 'a,b', note: 'bill' })
  await splitBy(page, ';')
  await page.locator('#items').fill('85.91 feast for a\n5.00 soup for b')
  await press(page, '9.09 is tax and tip')
  await says(page, 'add-preview', /a 94\.50, b 5\.50/)
  await add(page)
  await newestSays(page, /Shares: a 94\.50, b 5\.50 /)
  await fillExpense(page, { payer: 'a', amount: '10', split: 'a,b,c', note: 'money back' })
  await page.getByLabel('Kind').selectOption('refund')
  await add(page)
  await newestSays(page, /a got back for a, b, c.*Shares: a 3\.34, b 3\.33, c 3\.33 /)
  assert.equal(await page.getByLabel('Kind').inputValue(), 'add', 'the next entry is an expense again')
  for (const [amount, currency, shares] of [['10', 'JPY', 'a 4, b 3, c 3'], ['1.000', 'KWD', 'a 0.334, b 0.333, c 0.333']]) {
    await fillExpense(page, { payer: 'a', amount, split: 'a,b,c', note: currency })
    await page.getByLabel('Currency').fill(currency)
    await add(page)
    await newestSays(page, new RegExp(`Shares: ${shares} `))
  }
  await fillExpense(page, { payer: 'a', amount: '30', split: 'a,b', note: 'taxi' })
  await page.getByLabel('Currency').fill('USD')
  await page.getByLabel('Rate').fill('0.9')
  await add(page)
  await newestSays(page, /taxi 27\.00/)
  assertClean(page, peer)
})

test('several payers are chosen and say what each of them paid', async () => {
  const page = await room('several', ['add a 3 split a,b,c'])
  await fillExpense(page, { payer: 'a', amount: '30', note: 'dinner' })
  await more(page)
  await page.getByLabel('Several payers').check()
  await page.locator('#payer-chips').getByRole('button', { name: 'b', exact: true }).click()
  assert.equal(await page.evaluate(() => document.activeElement.dataset.name), 'b', 'the focus stays at the chip')
  await type(page, 'payer-parts', { a: '20', b: '5' })
  await says(page, 'add-preview', /5\.00 left: the payers make 25\.00/)
  await type(page, 'payer-parts', { a: '25' })
  await says(page, 'add-preview', /paid by a=25\.00,b=5\.00/)
  await add(page)
  await newestSays(page, /Paid: a 25\.00, b 5\.00 Shares: a 10\.00, b 10\.00, c 10\.00/)
  assert.equal(await balanceOf(page, 'b'), 'b owes -6.00')
  await act(page, 'Change')
  assert.equal(await page.locator('#payer-parts input[data-name="a"]').inputValue(), '25.00')
  await type(page, 'payer-parts', { a: '15', b: '15' })
  await press(page, 'Save change')
  await says(page, 'timeline', /edited/)
  await newestSays(page, /Paid: a 15\.00, b 15\.00/)
  assertClean(page, peer)
})

test('whoever takes the rest of percentages is a button away', async () => {
  const page = await room('percent', ['add a 3 split a,b,c'])
  await fillExpense(page, { payer: 'a', amount: '30', split: 'a,b' })
  await splitBy(page, '%', { a: '50', b: '40' })
  await says(page, 'add-preview', /10\.00% left/)
  await press(page, 'Give the rest to b')
  await says(page, 'add-preview', /b 15\.00/)
  await add(page)
  await newestSays(page, /Shares: a 15\.00, b 15\.00/)
})

test('a change keeps the mode and its values', async () => {
  for (const [mode, part, before, after] of [
    ['*', 'alice*2,bob', /alice 20\.00, bob 10\.00/, /alice 40\.00, bob 20\.00/],
    ['%', 'alice 60%,bob 40%', /alice 18\.00, bob 12\.00/, /alice 36\.00, bob 24\.00/],
    ['+', 'alice,bob+4', /alice 13\.00, bob 17\.00/, /alice 28\.00, bob 32\.00/],
  ]) {
    const page = await room(`change-${mode.codePointAt(0)}`, [`add alice 30 split ${part} note flat`])
    await newestSays(page, before)
    await act(page, 'Change')
    await more(page)
    assert.equal(await page.locator('#mode').inputValue(), mode)
    await page.locator('#amount').fill('60')
    await says(page, 'add-preview', /60\.00/)
    await press(page, 'Save change')
    await says(page, 'timeline', /edited/)
    await newestSays(page, after)
  }
})

test('rent comes again every month until its end, and can be stopped', async () => {
  const page = await room('rent')
  await fillExpense(page, { payer: 'alice', amount: '300', split: 'alice,bob', note: 'rent' })
  await more(page)
  await page.getByLabel('Date').fill('2026-01-31')
  await page.getByLabel('Repeat').selectOption('month')
  await press(page, 'Add Expense')
  await until('the end is missing', () => page.locator('#date-error').isVisible())
  await page.getByLabel('Until').fill('2026-04-30')
  await says(page, 'add-preview', /Every 1 month until 2026-04-30: Add 300\.00/)
  await press(page, 'Add Expense')
  await until('four of them', async () => (await page.locator('.entry').count()) === 4)
  for (const day of ['31 Jan 2026', '28 Feb 2026', '31 Mar 2026', '30 Apr 2026']) await says(page, 'timeline', new RegExp(day))
  await says(page, 'recurring', /Every month until 2026-04-30: rent 300\.00 by alice/)
  await press(page, 'Stop rent')
  await says(page, 'recurring', /^$/)
  await press(page, 'Undo')
  await says(page, 'recurring', /rent/)
  assert.equal(await page.locator('#every').inputValue(), '', 'the next entry comes once')
  assertClean(page, peer)
})

test('a claimed name confirms and disputes entries, and the bar counts them', async () => {
  const page = await room('claims', ['add alice 30 split alice,bob note dinner'])
  await says(page, 'pills', /1 unconfirmed/)
  await newestSays(page, /dinner/)
  assert.equal(await page.getByRole('button', { name: 'Dispute' }).count(), 0, 'nobody of us is named')
  await page.locator('#me').selectOption('bob')
  await press(page, 'sign as bob')
  await until('bob signs here', async () => (await page.getByRole('button', { name: 'sign as bob' }).count()) === 0)
  await page.locator('.entry summary').click()
  await act(page, 'Dispute')
  await says(page, 'timeline', /disputed/)
  await says(page, 'pills', /1 unconfirmed 1 disputed/)
  await act(page, 'Confirm')
  await until('no dispute', async () => !/disputed/.test(await page.locator('#pills').innerText()))
  await page.locator('#me').selectOption('alice')
  await press(page, 'sign as alice')
  await until('all are confirmed', async () => !/unconfirmed/.test(await page.locator('#pills').innerText()))
  await newestSays(page, /confirmed.*disputed by/)
  assertClean(page, peer)
})

test('a clear that was typed, and a payment, can be undone', async () => {
  const page = await room('undo', ['add alice 30 split alice,bob note dinner'])
  await tellAssistant(page, 'clear')
  await says(page, 'balances', /Everybody starts at 0\.00/)
  await press(page, 'Undo')
  await until('dinner is back', () => page.getByText('dinner', { exact: true }).isVisible())
  await page.getByRole('button', { name: 'Pay alice 15.00 for bob' }).click()
  await says(page, 'settle', /All settled/)
  await press(page, 'Undo')
  await says(page, 'settle', /bob → ?alice 15\.00/)
  assert.equal(await balanceOf(page, 'bob'), 'bob owes -15.00')
  await unfold(page)
  await addExpense(page, { payer: 'bob', amount: '30', split: 'alice,bob', note: 'lunch' })
  await says(page, 'settle', /All settled/)
  await press(page, 'Undo')
  await says(page, 'settle', /bob → ?alice 15\.00/)
  assertClean(page, peer)
})
