// Draws docs/guide/page.png, the picture of the page in the README:  node tests/interop/page_picture.mjs [FILE]
//
// Run it after a change that shows, look at the picture, commit it with the change.

import { statSync } from 'node:fs'
import path from 'node:path'
import { Peer, addExpense, enter, launch, open, root, tellAssistant, until } from './page_support.mjs'

const file = process.argv[2] ?? path.join(root, 'docs/guide/page.png')
const MAX_BYTES = 150_000
const ENTRIES = [
  { payer: 'alice', amount: '412.00', split: 'alice,bob,chloé,dmitri', note: 'Flat in Brooklyn, 3 nights' },
  { payer: 'bob', amount: '86.40', split: 'alice,bob,chloé,dmitri', note: 'Groceries' },
  { payer: 'chloé', amount: '64.00', split: 'bob,chloé', note: 'Museum tickets' },
  { payer: 'alice', amount: '30', split: 'alice,bob', note: 'dinner' },
]

const browser = await launch()
const peer = await Peer.start()
try {
  const page = await open(browser, peer.origin, { viewport: { width: 1180, height: 980 } })
  await enter(page, peer)
  for (const entry of ENTRIES) await addExpense(page, entry)
  await tellAssistant(page, 'pay dmitri alice 50')
  await page.locator('#me').selectOption('bob')
  await until('the notice is gone', async () => (await page.getByRole('status').innerText()) === '', 20_000)
  await page.locator('#payer').fill('')
  await page.locator('#split').fill('')
  await page.evaluate(() => {
    document.activeElement.blur()
    window.scrollTo(0, 0)
  })
  await page.screenshot({ path: file })
} finally {
  await peer.remove()
  await browser.close()
}
const { size } = statSync(file)
console.log(`${file}: ${size} bytes`)
if (size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`)
