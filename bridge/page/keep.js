/** Balance, persist, restore, export, clear: the commands on the room as a whole. */

import { el, onPress, ui, visible } from './dom.js'
import { attempt, copy } from './notices.js'
import * as room from './room.js'
import { state } from './store.js'

const SUFFIX = { text: 'txt', csv: 'csv', json: 'json' }
let shown /* { format, data } */

for (const line of ['balance', 'clear', 'persist', 'restore']) onPress(line, () => attempt(() => room.say(line)))
for (const format of Object.keys(SUFFIX))
  onPress(`export-${format}`, async () => showExport((await attempt(() => room.say(`export ${format}`)))?.exported))
onPress('export-copy', () => copy(shown.data, 'Export copied.'))
onPress('export-save', download)

export function showExport (exported) {
  if (!exported) return
  shown = exported
  ui.export.hidden = false
  ui.export.closest('details').open = true
  ui.exportData.value = visible(exported.data)
  ui.export.scrollIntoView({ block: 'nearest' })
}

function download () {
  const href = URL.createObjectURL(new Blob([shown.data]))
  el('a', { href, download: `${state.channel.replace(/[^\w-]+/g, '_')}.${SUFFIX[shown.format] ?? shown.format}` }).click()
  setTimeout(() => URL.revokeObjectURL(href), 1_000)
}
