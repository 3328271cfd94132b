// Package schedule reads schedule expressions and says when they are due. It knows no clock, and nothing of
// what is scheduled.
//
//	at(2030-01-31T09:00:00)   once, at that local time
//	rate(15 minutes)          again and again, from when it was accepted
//	cron(0 9 ? * MON-FRI *)   again and again, by the calendar
//
// A time zone by its IANA name goes with each; without one it is UTC. The database of zones is part of the
// program; the machine's own goes before it.
//
// # Local times that do not exist, or exist twice
//
// When clocks are set forward, the local times in between do not exist. They are read with the offset that
// was in force before, so that 02:30 in a night that goes from 02:00 to 03:00 is 03:30. When clocks are set
// back, some local times come twice: the first one counts, and only that one, so that nothing that recurs by
// the calendar is due twice for one local time. A rate knows no local times.
//
// Source: Hotsock docs, Scheduled Messages, for at(); Amazon EventBridge Scheduler, "Schedule types", for the
// grammar of rate() and cron().
package schedule
