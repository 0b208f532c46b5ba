// Package schedule owns cron: what an expression means, at which instants it fires in a time zone, and
// that each of these makes at most one task.
//
// The Runner of the node that leads looks at what is due and asks the store for the task. The store
// writes task, event and the schedule's position in one transaction; the position only moves forward,
// so a second leader finds the fire time done.
//
// # Clock changes
//
// The clock of a zone is sometimes put forward, so that local times do not exist, and sometimes back,
// so that local times happen twice. Which rule applies depends on the hour field alone:
//
//   - An expression that names hours ("0 3 * * *", "*/15 2 * * *", "0 */2 * * *") means local times.
//     All its times inside a gap fire once together, at the first instant after the gap. A time that
//     happens twice fires the first time only. A day's work is therefore neither lost nor done twice.
//   - An expression whose hour field admits every hour ("0 * * * *", "*/5 * * * *", "@hourly") means
//     intervals and follows real time: it fires at each instant at which the clock shows a matching
//     time. A gap holds no such instant, and both passes of a doubled hour count, so an hourly task
//     stays hourly. Where the clock moves by half an hour (Lord Howe) one distance is 30 or 90 minutes.
//
// Clock changes are taken from the zone's transitions and never guessed, so that their size (30
// minutes, a whole day in Apia in 2011) plays no part.
//
// Expressions never read a clock; the Runner does. Nothing here runs a task: what a schedule makes waits
// in the queue as any other task does.
package schedule
