// The page as intercom-bridge serves it, beside a peer (docs/spec/16-ledger.md, section 5.1: /config.json).

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ROOM, TOKEN, Peer, addExpense, assertClean, balanceIs, enter, launch, open, press, startRelay, summaryLine, until } from './page_support.mjs'

let browser, peer, relay
before(async () => {
  browser = await launch()
  peer = await Peer.start()
  relay = await startRelay(peer)
})
after(async () => {
  await relay.stop()
  await peer.remove()
  await browser.close()
})

test('the page proposes its own origin, and all goes through it', async () => {
  const page = await open(browser, relay.origin)
  await until('the address', async () => (await page.getByLabel('WS URL').inputValue()) === relay.bridge)
  await page.getByLabel('Token').fill(TOKEN)
  await page.getByLabel('Channel').fill(ROOM)
  for (const name of ['Connect', 'Join', 'Subscribe']) {
    await press(page, name)
    await until(name, () => page.locator(`#${name.toLowerCase()}.done`).count())
  }
  await addExpense(page, { payer: 'alice', amount: '30', split: 'alice,bob', note: 'dinner' })
  await balanceIs(page, 'alice', 'gets back +15.00')
  assertClean(page, relay)
})

test('a client of the peer itself sees it at once', async () => {
  const [direct, relayed] = [await open(browser, peer.origin), await open(browser, relay.origin)]
  await enter(direct, peer)
  await enter(relayed, relay)
  await addExpense(relayed, { payer: 'bob', amount: '10', split: 'alice,bob', note: 'snacks' })
  await until('the entry', () => direct.getByText('snacks', { exact: true }).isVisible())
  assertClean(direct, peer)
  assertClean(relayed, relay)
})

test('the page comes back when the peer behind the relay does', async () => {
  const page = await open(browser, relay.origin)
  await enter(page, relay)
  await peer.exit()
  await until('the loss is told', async () => /connection lost|connecting/.test(await summaryLine(page)))
  await peer.run()
  await until('joined again', async () => (await summaryLine(page)) === `${ROOM} · joined · subscribed`)
})
