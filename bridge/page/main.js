/** Wiring: one store, one connection, one room, and a card per subject. */

import { mountAdd } from './add.js'
import { mountAssistant } from './assistant.js'
import { mountBalances } from './balances.js'
import { mountBar } from './bar.js'
import { mountConnect, prefill } from './connect.js'
import { Connection } from './connection.js'
import { byId } from './dom.js'
import { mountFeed } from './feed.js'
import { mountKeep } from './keep.js'
import { mountKeys } from './keys.js'
import { mountOverview } from './overview.js'
import { Room } from './room.js'
import { mountSettle } from './settle.js'
import { Store } from './store.js'
import { mountTimeline } from './timeline.js'

const store = new Store()
const room = new Room(store)
room.use(
  new Connection({
    onState: (link) => room.linkChanged(link),
    onPush: (message) => room.pushed(message),
  }),
)

const app = { store, room }
mountBar(app)
mountConnect(app)
mountOverview(app)
mountBalances(app)
mountSettle(app)
mountAdd(app)
mountAssistant(app)
mountKeep(app)
mountTimeline(app)
mountFeed(app)
mountKeys(app)

store.watch(['wasReady'], ({ wasReady }) => {
  byId('room').hidden = !wasReady
  byId('welcome').hidden = wasReady
  document.body.classList.toggle('out', !wasReady)
})

prefill(app)
