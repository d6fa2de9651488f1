/** Answers in words: `text` for the notice, `line` for the feed, `undo` is the line that takes it back. */

import { count, money, payment, signed } from './text.js'

/** What can happen to an entry, and the word that takes it back. */
const BACK = { added: 'void', refunded: 'void', paid: 'void', unvoided: 'void', voided: 'unvoid', amended: '', confirmed: '', disputed: '' }
const ANSWERS = {
  expense_balance: ({ summary }) => ({ text: settlements(summary).join(', ') || 'All settled.', line: table(summary) }),
  expense_persisted: persisted,
  expense_restored: restored,
  expense_exported: ({ format, data }) => ({ text: `Export as ${format} is ready.`, exported: { format, data } }),
  expense_cleared: ({ removed }) => ({ text: `Cleared ${entries(removed)}. Nothing is deleted.`, line: `cleared removed=${removed}` }),
}

export function inWords (answer) {
  const deed = answer?.event && answer.type.replace('expense_', '')
  return deed in BACK ? happened(deed, answer.event) : (ANSWERS[answer?.type]?.(answer) ?? {})
}

function happened (deed, event) {
  const line = `${deed} ${brief(event)}`
  return { text: `${line[0].toUpperCase()}${line.slice(1)}.`, line, undo: BACK[deed] && `${BACK[deed]} ${event.txId}` }
}

/** "30.00 by alice split=alice,bob" */
export function brief (event) {
  return `${money(event.amountCents, event)} by ${event.payer} split=${event.split.join(',')}`
}

function entries (n) {
  return count(n, 'entry', 'entries')
}

function settlements (summary) {
  return [summary, ...summary.currencies].flatMap((unit) => unit.settlements.map((one) => payment(unit, one)))
}

function table (summary) {
  const balances = summary.balances.map(({ member, cents }) => `${member}: ${signed(cents, summary)}`)
  const block = (title, lines) => [`- ${title}:`, ...lines.map((line) => `  ${line}`)]
  return [
    `entries=${summary.eventCount} total=${money(summary.totalCents, summary)}`,
    ...block('balances', balances),
    ...block('settlements', settlements(summary)),
  ].join('\n')
}

function persisted ({ tx, stored, key, count: n }) {
  const line = `persist stored=${stored} tx=${tx ?? 'none'} key=${key} entries=${n}`
  if (tx) return { line, text: `Saved in the contract: ${entries(n)}, tx ${tx}.` }
  return { line, text: `Saved on this machine: ${entries(n)}. Not in the contract.` }
}

function restored ({ added, total, source }) {
  const line = `restored added=${added} total=${total} source=${source}`
  if (source === 'none') return { line, text: 'Nothing was saved for this room.' }
  const where = source === 'contract' ? 'the contract' : 'this machine'
  return { line, text: `Restored from ${where}: ${entries(added)} came back, ${total} in all.` }
}
