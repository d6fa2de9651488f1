/** Balance, persist, restore, export, clear: the commands on the room as a whole. */

import { byId, onPress, setText } from './dom.js'
import { copy, explain, say, warn } from './notices.js'
import { visible, visibleLines } from './text.js'

export function mountKeep ({ store, room }) {
  command('balance', () => room.balance())
  command('persist', () => {
    say('Saving… this can take a while.')
    return room.persist()
  })
  command('restore', () => room.restore(byId('replace').checked))
  for (const format of ['text', 'csv', 'json'])
    command(`export-${format}`, async () => {
      const { text, exported } = await room.exportAs(format)
      showExport(exported)
      return { text }
    })
  mountClear(store, room)
  mountExport(store)
}

/** A button that does one thing and says how it went. */
function command (id, work) {
  onPress(byId(id), async () => {
    try {
      say((await work()).text)
    } catch (error) {
      warn(explain(error))
    }
  })
}

/* --- export --- */

const FILES = { text: ['txt', 'text/plain'], csv: ['csv', 'text/csv'], json: ['json', 'application/json'] }
let shown = { format: 'text', data: '', opener: null }

/** Show the bridge's answer to an export. */
export function showExport ({ format, data }) {
  shown = { format, data, opener: document.activeElement }
  byId('export').hidden = false
  byId('export-data').value = visibleLines(data)
  byId('export').scrollIntoView({ block: 'nearest' })
}

function mountExport (store) {
  onPress(byId('export-copy'), () => {
    byId('export-data').select()
    return copy(shown.data, 'Export copied.')
  })
  onPress(byId('export-save'), () => download(store.state.channel))
  onPress(byId('export-close'), () => {
    byId('export').hidden = true
    shown.opener?.focus()
  })
}

function download (channel) {
  const [suffix, type] = FILES[shown.format] ?? FILES.text
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([shown.data], { type }))
  link.download = `${channel.replace(/[^\w-]+/g, '_')}.${suffix}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000)
}

/* --- clear --- */

function mountClear (store, room) {
  const dialog = byId('confirm')
  onPress(byId('clear'), () => {
    setText(byId('confirm-text'), `All entries of ${visible(store.state.channel)} are put aside, for everybody in the channel.`)
    dialog.showModal()
  })
  onPress(byId('confirm-no'), () => dialog.close())
  command('confirm-yes', () => {
    dialog.close()
    return room.clear()
  })
}
