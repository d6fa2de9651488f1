/** Answers of the bridge in words: `text` for the notice, `line` for the feed, `undo` the line that takes it back. */

import { count, money, settlementLines, signed } from './text.js'

const ANSWERS = {
  expense_added: ({ event }) => ({ text: `Added ${brief(event)}.`, line: `added ${brief(event)}`, undo: `void ${event.txId}` }),
  expense_balance: ({ summary }) => ({ text: verdict(summary), line: table(summary) }),
  expense_persisted: persisted,
  expense_restored: restored,
  expense_exported: ({ format, data }) => ({ text: `Export as ${format} is ready.`, exported: { format, data } }),
  expense_cleared: ({ removed }) => ({ text: `Cleared ${entries(removed)}. Nothing is deleted.`, line: `cleared removed=${removed}` }),
}

export function inWords (answer) {
  return ANSWERS[answer?.type]?.(answer) ?? {}
}

/** "30.00 by alice split=alice,bob" */
export function brief (event) {
  return `${money(event.amountCents, event)} by ${event.payer} split=${event.split.join(',')}`
}

function entries (n) {
  return count(n, 'entry', 'entries')
}

function verdict (summary) {
  if (summary.balances.length === 0) return 'No entries yet, so nobody owes anything.'
  return summary.settlements.length === 0 ? 'All settled.' : settlementLines(summary).join(', ')
}

function table (summary) {
  const balances = summary.balances.map(({ member, cents }) => `${member}: ${signed(cents, summary)}`)
  const block = (title, lines) => [`- ${title}:`, ...lines.map((line) => `  ${line}`)]
  return [
    `entries=${summary.eventCount} total=${money(summary.totalCents, summary)}`,
    ...block('balances', balances),
    ...block('settlements', settlementLines(summary)),
  ].join('\n')
}

function persisted ({ tx, stored, key, count: n }) {
  const line = `persist ${tx ? `tx=${tx}` : `stored=${stored} tx=none`} key=${key} entries=${n}`
  if (tx) return { line, text: `Saved in the contract: ${entries(n)}, tx ${tx}.` }
  return { line, text: `Saved on this machine: ${entries(n)}. Not in the contract, so there is no tx hash.` }
}

function restored ({ added, total, source }) {
  const line = `restored added=${added} total=${total} source=${source}`
  if (source === 'none') return { line, text: 'Nothing was saved for this room.' }
  const where = source === 'contract' ? 'the contract' : 'this machine'
  return { line, text: `Restored from ${where}: ${entries(added)} came back, ${total} in all.` }
}
