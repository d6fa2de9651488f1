// axe-core finds nothing to object to in the main states, light and dark, wide and narrow (docs/spec/16-ledger.md, 5.2).

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { Peer, addExpense, enter, fillConnection, fillExpense, launch, open, press, tellAssistant, unfold, until } from './page_support.mjs'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let browser, peer
before(async () => {
  browser = await launch()
  peer = await Peer.start()
})
after(async () => {
  await peer.remove()
  await browser.close()
})

/** What axe finds, each as "rule: the element". */
async function violations (page) {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => (await window.axe.run(document)).violations)
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`))
}

async function assertAccessible (page, state) {
  await page.locator('main').waitFor()
  assert.deepEqual(await violations(page), [], state)
}

for (const colorScheme of ['light', 'dark']) {
  for (const width of [1280, 390]) {
    const look = { colorScheme, viewport: { width, height: 900 } }
    const room = `axe-${colorScheme}-${width}`

    test(`not connected, ${colorScheme}, ${width} pixels`, async () => {
      const page = await open(browser, peer.origin, look)
      await assertAccessible(page, 'first view')
      await fillConnection(page, peer, { token: 'wrong' })
      await press(page, 'Connect')
      await until('the token is refused', async () => (await page.locator('#token-error').innerText()) !== '')
      await assertAccessible(page, 'wrong token')
    })

    test(`in a room, ${colorScheme}, ${width} pixels`, async () => {
      const page = await open(browser, peer.origin, look)
      await enter(page, peer, { channel: room })
      await assertAccessible(page, 'empty room')
      await addExpense(page, { payer: 'alice', amount: '30', split: 'alice,bob', note: 'dinner' })
      await addExpense(page, { payer: 'bob', amount: '10', split: 'alice,bob,carol', note: 'snacks' })
      await page.locator('#me').selectOption('bob')
      await unfold(page)
      await assertAccessible(page, 'entries')
      await page.locator('#more summary').click()
      await page.locator('#mode').selectOption('=')
      await page.getByLabel('Several payers').check()
      await page.locator('#payer').fill('alice,bob')
      await tellAssistant(page, 'every month until 2026-12-31 add alice 3 split alice,bob on 2026-10-31 note rent')
      await until('what comes again', () => page.getByRole('button', { name: 'Stop rent' }).isVisible())
      await press(page, 'sign as bob')
      await until('bob is claimed', async () => (await page.getByRole('button', { name: 'sign as bob' }).count()) === 0)
      await tellAssistant(page, 'room preset flat split alice*2,bob')
      await until('the split that has a name', () => page.getByRole('button', { name: 'flat: alice, bob' }).isVisible())
      await page.getByText('Members and rules').click()
      await page.locator('#charts summary').first().click()
      await page.locator('.entry summary').first().click()
      await page.locator('.payments summary').first().click()
      await assertAccessible(page, 'split by amounts, several payers, members and rules, a table, details of an entry and of a payment')
      await page.locator('#mode').selectOption('')
      await fillExpense(page, { payer: 'zoe', amount: '1e3', split: 'alice' })
      await press(page, 'Add Expense')
      await until('the amount is refused', async () => (await page.locator('#amount-error').innerText()) !== '')
      await tellAssistant(page, 'blance')
      await until('the command is refused', async () => (await page.locator('#say-error').innerText()) !== '')
      await press(page, 'Export Text')
      await until('the export is shown', () => page.locator('#export-data').isVisible())
      await assertAccessible(page, 'refused amount and command, export')
      await press(page, 'Help')
      await assertAccessible(page, 'help')
      await page.keyboard.press('Escape')
    })
  }
}

test('a wrong element would be found', async () => {
  const page = await open(browser, peer.origin)
  await page.evaluate(() => document.body.append(document.createElement('button')))
  assert.match((await violations(page)).join(), /button-name/)
})
