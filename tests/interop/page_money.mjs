// Payments, split modes, charts, currencies and the timeline of a long room (docs/spec/16-ledger.md, section 5.1).

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

async function text (page, id) {
  return (await page.locator(`#${id}`).innerText()).replace(/\s+/g, ' ').trim()
}

async function says (page, id, what) {
  await until(`${id}: ${what}`, async () => what.test(await text(page, id)))
}

async function splitBy (page, mode, values) {
  if (!(await page.locator('#mode').isVisible())) await page.locator('#more summary').click()
  await page.locator('#mode').selectOption(mode)
  for (const [name, value] of Object.entries(values)) await page.locator(`#split-parts input[data-name="${name}"]`).fill(value)
}

test('who owes sees what to pay, pays a part of it, and then the rest', async () => {
  const page = await room('pay', ['add alice 30 split alice,bob note dinner'])
  await page.locator('#me').selectOption('bob')
  await says(page, 'you', /bob, you owe 15\.00/)
  await page.getByLabel('Amount to pay alice').fill('5')
  await press(page, 'Pay alice 5')
  await says(page, 'you', /bob, you owe 10\.00/)
  await press(page, 'Pay alice 10.00')
  await says(page, 'you', /all square/)
  await says(page, 'settle', /All settled/)
  await says(page, 'timeline', /Payment 10\.00 bob paid alice/)
  assertClean(page, peer)
})

test('the settlement can be recorded as paid where it stands', async () => {
  const page = await room('settle', ['add alice 30 split alice,bob'])
  await says(page, 'settle', /bob → ?alice 15\.00.*1 transfer, provably minimal/)
  await page.getByRole('button', { name: 'Pay alice 15.00 for bob' }).click()
  await says(page, 'settle', /All settled/)
})

test('amounts that do not add up say by how much, and somebody takes the rest', async () => {
  const page = await room('exact', ['add alice 3 split alice,bob,carol'])
  await fillExpense(page, { payer: 'alice', amount: '30' })
  await splitBy(page, '=', { alice: '10', bob: '16.80' })
  await says(page, 'add-preview', /3\.20 left/)
  await splitBy(page, '=', { bob: '20.01' })
  await says(page, 'add-preview', /0\.01 over/)
  await splitBy(page, '=', { bob: '16.80' })
  await press(page, 'Give the rest to carol')
  await says(page, 'add-preview', /carol 3\.20/)
  await press(page, 'Add Expense')
  await until('bob', async () => (await balanceOf(page, 'bob')) === 'bob owes -17.80')
  assert.equal(await balanceOf(page, 'carol'), 'carol owes -4.20')
})

test('weights, percent, extra for some, items, several payers, sums and refunds', async () => {
  const page = await room('modes', ['add alice 2 split alice,bob'])
  const expense = (payer, amount, note) => fillExpense(page, { payer, amount, split: 'alice,bob', note })
  const shows = async (note, sentence) => {
    await press(page, 'Add Expense')
    await until(note, async () => (await page.locator('.entry', { hasText: note }).count()) === 1)
    await page.locator('.entry', { hasText: note }).locator('summary').click()
    await until(sentence.source, async () => sentence.test((await page.locator('.entry', { hasText: note }).innerText()).replace(/\s+/g, ' ')))
  }
  await expense('alice', '30', 'by weights')
  await splitBy(page, '*', { alice: '2' })
  await shows('by weights', /alice 20\.00, bob 10\.00/)
  await expense('alice', '30', 'by percent')
  await splitBy(page, '%', { alice: '60', bob: '40' })
  await shows('by percent', /alice 18\.00, bob 12\.00/)
  await expense('alice', '30', 'bob had more')
  await splitBy(page, '+', { bob: '4' })
  await shows('bob had more', /alice 13\.00, bob 17\.00/)
  await expense('alice', '22', 'a bill')
  await splitBy(page, ';', {})
  await page.locator('#items').fill('12 pizza for alice\n8 wine for bob')
  await press(page, '2.00 is tax and tip')
  await says(page, 'add-preview', /alice 13\.20/)
  await shows('a bill', /alice 13\.20, bob 8\.80/)
  await expense('alice=25+bob=5', '(50+10)/2', 'two payers')
  await shows('two payers', /alice 25\.00, bob 5\.00/)
  await expense('bob', '10', 'money back')
  await page.getByLabel('Kind').selectOption('refund')
  await shows('money back', /bob got back for alice, bob/)
  assertClean(page, peer)
})

test('another currency stays its own, with its own balances and payments', async () => {
  const page = await room('usd', ['add alice 30 split alice,bob'])
  await fillExpense(page, { payer: 'bob', amount: '20', split: 'alice,bob', note: 'taxi' })
  await page.locator('#more summary').click()
  await page.getByLabel('Currency').fill('USD')
  await press(page, 'Add Expense')
  await says(page, 'settle', /alice → ?bob 10\.00 USD/)
  await says(page, 'balances', /bob gets back \+10\.00 USD/)
  await page.locator('#me').selectOption('alice')
  await says(page, 'you', /you get back 15\.00, you owe 10\.00 USD/)
})

test('charts count spending without payments, and each is a table too', async () => {
  const page = await room('charts', ['add alice 30 split alice,bob cat food on 2026-10-02', 'add bob 10 split alice,bob on 2026-11-03', 'pay bob alice 5'])
  await unfold(page)
  await says(page, 'balances', /alice gets back \+5\.00/)
  await says(page, 'charts', /2026-10 spent 30\.00 2026-11 spent 10\.00/)
  await says(page, 'charts', /alice paid 30\.00 share 20\.00/)
  assert.ok((await page.locator('#charts svg rect').count()) > 4)
  await page.locator('#charts summary').first().click()
  await says(page, 'charts', /Member paid share alice 30\.00 20\.00 bob 10\.00 20\.00/)
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Member: table', 'the focus stays')
})

test('a long room shows its newest entries first and never more than 200', async () => {
  const events = Array.from({ length: 700 }, (_, i) => ({
    txId: `n${i}`, payer: 'alice', amountCents: 100, split: ['alice', 'bob'], note: `entry ${i}.`, ts: 1.7e12 + i * 36e5, by: null,
  }))
  await peer.leaveSnapshot(events, 'long')
  const page = await room('long')
  await press(page, 'Restore')
  await until('the newest', () => page.getByText('entry 699.').isVisible())
  assert.equal(await page.locator('.entry').count(), 50)
  for (let left = 650; left > 0; left -= 50) await press(page, `Show older (${left})`)
  await until('the oldest', () => page.getByText('entry 0.', { exact: true }).isVisible())
  assert.equal(await page.locator('.entry').count(), 200)
  await press(page, 'Show newer (500)')
  await until('newer ones', () => page.getByText('entry 249.').isVisible())
  assertClean(page, peer)
})

test('entries that come one by one leave the others as they are', async () => {
  const page = await room('steady')
  await addExpense(page, { payer: 'alice', amount: '30', split: 'alice,bob', note: 'first' })
  await page.locator('.entry summary').click()
  await page.evaluate(() => (document.querySelector('.entry').dataset.same = 'yes'))
  await addExpense(page, { payer: 'bob', amount: '10', split: 'alice,bob', note: 'second' })
  assert.equal(await page.locator('.entry[data-same] details[open]').count(), 1)
})

test('a clear asks nothing, and can be undone', async () => {
  const page = await room('cleared', ['add alice 30 split alice,bob note dinner'])
  await unfold(page)
  await press(page, 'Clear')
  await says(page, 'balances', /Everybody starts at 0\.00/)
  await press(page, 'Undo')
  await until('dinner is back', () => page.getByText('dinner', { exact: true }).isVisible())
  assert.equal(await balanceOf(page, 'alice'), 'alice gets back +15.00')
})

test('an entry can be voided, brought back and changed, and tells its history', async () => {
  const page = await room('deeds', ['add alice 30 split alice,bob note dinner'])
  const entry = page.locator('.entry')
  const act = async (name) => {
    if (!(await entry.locator('.body button').first().isVisible())) await entry.locator('summary').click()
    await press(page, name)
  }
  await act('Void')
  await says(page, 'timeline', /dinner.*void/)
  await says(page, 'settle', /Nothing to pay yet|All settled/)
  await press(page, 'Undo')
  await says(page, 'settle', /bob → ?alice 15\.00/)
  await act('Change')
  assert.equal(await page.locator('#amount').inputValue(), '30.00')
  await page.locator('#amount').fill('40')
  await press(page, 'Save change')
  await says(page, 'settle', /bob → ?alice 20\.00/)
  await says(page, 'timeline', /edited/)
  await entry.locator('summary').click()
  await says(page, 'timeline', /added by .* voided by .* unvoided by .* amended by/)
  assertClean(page, peer)
})

test('why shows the entries behind a payment, and a plan goes pair by pair', async () => {
  const page = await room('why', ['add alice 30 split alice,bob note dinner', 'add bob 10 split bob,carol note taxi'])
  await says(page, 'settle', /bob → ?alice 10\.00.*carol → ?alice 5\.00/)
  await page.locator('#plan').selectOption('pairwise')
  await says(page, 'settle', /bob → ?alice 15\.00.*carol → ?bob 5\.00/)
  await page.locator('.payments summary').first().click()
  await says(page, 'settle', /dinner 30\.00: bob -15\.00, alice \+15\.00/)
})
