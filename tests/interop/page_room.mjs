// What a room agreed on and how an entry is changed: presets, members and rules, payments, bills and frozen rates in
// the form, reasons, a plan that is searched for, a company too large to count (docs/spec/16-ledger.md, 3.3, 4.3, 5).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Peer, assertClean, balanceOf, enter, fillExpense, launch, open, press, tellAssistant, until } from './page_support.mjs'

let browser, peer
before(async () => {
  browser = await launch()
  peer = await Peer.start()
})
after(async () => {
  await peer.remove()
  await browser.close()
})

async function tell (page, line) {
  await tellAssistant(page, line)
  await until(`done: ${line}`, async () => (await page.locator('#say').inputValue()) === '')
}

async function room (channel, lines = [], prepare = () => {}) {
  const page = await open(browser, 'about:blank')
  await prepare(page)
  await page.goto(peer.origin)
  await enter(page, peer, { channel })
  for (const line of lines) await tell(page, line)
  return page
}

async function says (page, id, what) {
  const text = async () => (await page.locator(`#${id}`).innerText()).replace(/\s+/g, ' ').trim()
  await until(`${id}: ${what}`, async () => what.test(await text())).catch(async (error) => {
    error.message += `; it says: ${await text()}`
    throw error
  })
}

function chip (page, name) {
  return page.locator('#split-chips').getByRole('button', { name, exact: true })
}

async function isPressed (page, name, pressed) {
  await until(`${name}: ${pressed}`, async () => (await chip(page, name).getAttribute('aria-pressed')) === String(pressed))
}

async function newest (page) {
  const entry = page.locator('.entry').first()
  if ((await entry.locator('details[open]').count()) === 0) await entry.locator('summary').click()
  await until('its details', () => entry.getByRole('button', { name: 'Change' }).isVisible())
  return entry
}

async function change (page) {
  await (await newest(page)).getByRole('button', { name: 'Change' }).click()
  await until('the form holds it', () => page.getByRole('button', { name: 'Save change' }).isVisible())
}

async function save (page) {
  await until('a preview', async () => /./.test(await page.locator('#add-preview').innerText()))
  await press(page, 'Save change')
  await until('it is changed', async () => !(await page.getByRole('button', { name: 'Save change' }).isVisible()))
}

test('the splits that a room has by name are chips, and the usual one is shown', async () => {
  const page = await room('presets', [
    'add alice 3 split alice,bob,carol', 'room preset flat split alice*2,bob', 'room preset trip split alice,bob,carol',
  ])
  for (const name of ['alice', 'bob', 'carol']) await isPressed(page, name, true)
  await chip(page, 'flat: alice, bob').focus()
  await page.keyboard.press('Space')
  assert.equal(await page.evaluate(() => document.activeElement.dataset.name), 'flat: alice, bob', 'the focus stays at the chip')
  assert.equal(await page.locator('#split').inputValue(), 'flat')
  await isPressed(page, 'flat: alice, bob', true)
  await isPressed(page, 'carol', false)
  await fillExpense(page, { payer: 'alice', amount: '30', split: 'flat', note: 'rent' })
  await says(page, 'add-preview', /alice 20\.00, bob 10\.00/)
  await press(page, 'Add Expense')
  await until('bob', async () => (await balanceOf(page, 'bob')) === 'bob owes -11.00')

  await page.locator('#split').fill('')
  await tell(page, 'room default trip')
  await isPressed(page, 'trip: alice, bob, carol', true)
  assert.equal(await page.locator('#split').getAttribute('placeholder'), 'trip')
  await tell(page, 'room default flat')
  await isPressed(page, 'flat: alice, bob', true)
  await isPressed(page, 'carol', false)
  await chip(page, 'carol').click()
  assert.equal(await page.locator('#split').inputValue(), 'alice,bob,carol', 'a member more makes it a list')
  await isPressed(page, 'flat: alice, bob', false)
  await tell(page, 'room default off')
  await until('everybody again', async () => (await page.locator('#split').getAttribute('placeholder')) === 'everybody')
  assertClean(page, peer)
})

test('members and rules are there to see, and their lines to change', async () => {
  const page = await room('rules', [
    'add alice 3 split alice,bob,carol', 'member bob weight 2', 'member bob show Bobby B', 'member carol leaves', 'member alice claim',
  ])
  await page.getByText('Members and rules').click()
  await says(page, 'rules', /alice signs as [0-9a-f]{9}… ?\S* ?bob Bobby B weight 2 carol left/)
  await tell(page, 'room preset flat split alice 60%,bob 40%')
  for (const line of ['room currency EUR', 'room edit author', 'room count all', 'room unsigned on', 'room writers off', 'room rotate off', 'room default off',
    'room preset "flat" split "alice" 60%,"bob" 40%', 'member bob weight 2'])
    assert.ok(await page.locator('#rules').getByRole('button', { name: line, exact: true }).isVisible(), line)
  await page.locator('#rules').getByRole('button', { name: 'room edit author' }).click()
  assert.equal(await page.evaluate(() => document.activeElement.id), 'say')
  assert.equal(await page.locator('#say').inputValue(), 'room edit author')
  for (const [line, now] of [['room edit members', 'room edit members'], ['room count signed', 'room count signed'], ['room unsigned off', 'room unsigned off'],
    [`room writers ${'ab'.repeat(32)}`, `room writers ${'ab'.repeat(32)}`], ['room writers off', 'room writers off'], ['room rotate on', 'room rotate on'], ['room currency USD', 'room currency USD'], ['room preset flat off', 'room default off']]) {
    await tell(page, line)
    await until(now, () => page.locator('#rules').getByRole('button', { name: now, exact: true }).isVisible())
  }
  assert.equal(await page.locator('#rules').getByRole('button', { name: /preset/ }).count(), 0)
  await says(page, 'balances', /USD/)
  assertClean(page, peer)
})

test('a payment goes through the form, and is changed there', async () => {
  const page = await room('payments', ['add alice 30 split alice,bob'])
  await fillExpense(page, { payer: 'bob', amount: '5', split: 'alice', note: 'by card' })
  await page.locator('#more summary').click()
  await page.getByLabel('Kind').selectOption('pay')
  await says(page, 'add-form', /To/)
  await says(page, 'add-preview', /Record that bob pays alice 5\.00/)
  await press(page, 'Add Expense')
  await until('bob', async () => (await balanceOf(page, 'bob')) === 'bob owes -10.00')
  await change(page)
  assert.equal(await page.getByLabel('Kind').inputValue(), 'pay')
  assert.deepEqual([await page.locator('#payer').inputValue(), await page.locator('#split').inputValue(), await page.locator('#note').inputValue()], ['bob', 'alice', 'by card'])
  await page.locator('#amount').fill('15')
  await page.locator('#date').fill('2026-10-31')
  await save(page)
  await says(page, 'settle', /All settled/)
  await says(page, 'timeline', /31 Oct 2026 by card 15\.00 bob paid alice .*edited/)
  assertClean(page, peer)
})

/* the line of an entry; the mode, the amount and the note that the form has of it; after the note alone has changed,
   the shares are these */
const KEPT = [
  ['add alice 22 split alice,bob items 12 pizza for alice; 8 wine tip 2 note bill', ';', '22.00', /Shares: alice 17\.60, bob 4\.40 .*12\.00 pizza for "alice" 8\.00 wine for "alice","bob" tip 2\.00/],
  ['add alice 30 USD rate 0.92 split alice,bob note taxi', '', '30.00', /27\.60.*Shares: alice 13\.80, bob 13\.80 30\.00 USD at 0\.92/],
  ['add alice 30 USD rate 0.92 split alice=10,bob=20 note exact', '=', '30.00', /Shares: alice 9\.20, bob 18\.40 30\.00 USD at 0\.92/],
  ['add alice=10+bob=20 30 USD rate 0.9 split alice,bob note two', '', '30.00', /Paid: alice 9\.00, bob 18\.00 Shares: alice 13\.50, bob 13\.50 30\.00 USD at 0\.9/],
  ['add alice 10 split only bob note gift', 'only', '10.00', /Shares: bob 10\.00/],
  ['add alice 9 JPY split alice*2,bob note sushi', '*', '9', /9 JPY.*Shares: alice 6, bob 3/],
]

for (const [line, mode, amount, shares] of KEPT) {
  test(`a change keeps what stands: ${line}`, async () => {
    const page = await room(`kept-${KEPT.findIndex(([one]) => one === line)}`, [line])
    await change(page)
    assert.equal(await page.locator('#mode').inputValue(), mode)
    assert.equal(await page.locator('#amount').inputValue(), amount)
    await page.locator('#note').fill('another note')
    await save(page)
    await says(page, 'timeline', /another note.*edited/)
    await newest(page)
    await says(page, 'timeline', shares)
    assertClean(page, peer)
  })
}

test('a reason goes with a void and with a dispute, and stands in the history', async () => {
  const page = await room('reasons', ['add alice 30 split alice,bob note dinner', 'member bob claim'])
  for (const [button, why] of [['Dispute', 'I was not there'], ['Void', 'typed twice'], ['Bring back', 'it was not']]) {
    await newest(page)
    await page.getByLabel('Reason').focus()
    await page.keyboard.type(why)
    await page.getByRole('button', { name: button, exact: true }).focus()
    await page.keyboard.press('Enter')
    await until(`${button}: its mark`, async () => (await page.locator('.entry details[open]').count()) === 0)
  }
  await newest(page)
  await says(page, 'timeline', /disputed by \S+: I was not there .*voided by \S+: typed twice .*unvoided by \S+: it was not/)
  assertClean(page, peer)
})

/** Between the page and its peer: `answers(message)` is what the page hears, if anything; `push` says more. */
function between (page, answers) {
  const link = {}
  return page.routeWebSocket(/^ws:/, (socket) => {
    const server = socket.connectToServer()
    link.push = (message) => socket.send(JSON.stringify(message))
    socket.onMessage((text) => {
      link.heard?.(JSON.parse(text))
      server.send(text)
    })
    server.onMessage((text) => {
      const answer = answers(JSON.parse(text))
      if (answer) link.push(answer)
    })
  }).then(() => link)
}

test('while a plan is searched for the page says how far, works, and can stop it', async () => {
  let link, held
  const asked = []
  const page = await room('search', ['add alice 30 split alice,bob'], async (page) => {
    link = await between(page, (answer) => (held && answer.type === 'expense_balance' ? void held.push(answer) : answer))
  })
  held = []
  link.heard = (message) => asked.push(message)
  await tell(page, 'add bob 10 split alice,bob note snacks')
  await until('the balance waits', () => held.length > 0)
  link.push({ type: 'expense_progress', channel: 'search', request: held[0].id, steps: 50, budget: 200, payments: 23, lowerBound: 21 })
  await says(page, 'search', /Searching for the fewest transfers, between 21 and 23: 25 %/)
  await until('entries are there meanwhile', () => page.getByText('snacks', { exact: true }).isVisible())
  link.push({ type: 'expense_progress', channel: 'search', request: held[0].id, steps: 100, budget: 200 })
  await says(page, 'search', /transfers: 50 %/)
  await page.locator('#search-cancel').focus()
  await page.keyboard.press('Enter')
  await until('it is cancelled', () => asked.some(({ type, channel }) => type === 'expense_cancel' && channel === 'search'))
  for (const answer of held) link.push(answer)
  held = null
  await until('the end', async () => !(await page.locator('#search').isVisible()))
  await says(page, 'settle', /bob → ?alice 10\.00/)
  assert.equal(await page.evaluate(() => document.activeElement.id), 'settle-title', 'the focus is not lost')
})

test('of many peers the page says "at least"', async () => {
  let link
  const page = await room('company', ['add alice 30 split alice,bob'], async (page) => {
    link = await between(page, (answer) => answer)
  })
  const company = (peers, same) => link.push({ type: 'expense_peers', channel: 'company', fp: '9f2c', peers, same })
  company(3, 3)
  await says(page, 'pills', /3 peers, same ledger 9f2c/)
  company(9, 9)
  await says(page, 'pills', /at least 9 peers, same ledger/)
  company(12, 10)
  await says(page, 'pills', /at least 12 peers, at least 10 with ledger/)
})

test('a proved fork is a mark at its entries, with its proof, and the bar counts them', async () => {
  const forked = (answer) => ({ ...answer, events: answer.events.map((event) => ({ ...event, marks: ['forked'] })) })
  const proved = (answer) => ({ ...answer, result: { ...answer.result, fork: [{ seq: 7 }, { seq: 7 }] } })
  const lie = (answer) => (answer.events ? forked(answer) : answer.kind === 'history' ? proved(answer) : answer)
  const page = await room('fork', [], (page) => between(page, lie))
  await tell(page, 'add alice 30 split alice,bob note dinner')
  await page.reload()
  await until('the mark', () => page.locator('.entry .tag.warn', { hasText: 'forked' }).isVisible())
  await says(page, 'pills', /1 forked/)
  await (await newest(page)).getByText('Proof of the fork').click()
  await says(page, 'timeline', /\[\{"seq":7\},\{"seq":7\}\]/)
})

test('a room whose plan takes long is shown at once, and its plan when it is there', async () => {
  const sums = Array.from({ length: 40 }, (_, i) => 1_000_003 + ((i * i * 7_919 + i * 104_729) % 9_000_007))
  const events = sums.map((amountCents, i) => ({
    txId: `n${i}`, payer: `m${i}`, amountCents, split: [`m${(i * 17 + 5) % 40}`], note: `entry ${i}.`, ts: 1.7e12 + i * 36e5, by: null,
  }))
  await peer.leaveSnapshot(events, 'large')
  const page = await room('large')
  await page.evaluate(() => {
    window.said = new Set()
    const line = document.querySelector('#search-line')
    new MutationObserver(() => window.said.add(line.textContent)).observe(line, { childList: true })
  })
  await press(page, 'Restore')
  await until('its entries', () => page.getByText('entry 39.').isVisible())
  await says(page, 'settle', /[1-9]\d transfers/)
  const said = await page.evaluate(() => [...window.said].join('|'))
  assert.match(said, /Searching for the fewest transfers/)
  assertClean(page, peer)
})
