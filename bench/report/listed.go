package report

// listed are the rows of a scenario that is one table: a head, then a line for each case, of its first peer.
func (s Scenario) listed() [][]string {
	rows := [][]string{{""}}
	for i, c := range s.Cases {
		if i == 0 {
			for _, m := range c.Metrics {
				rows[0] = append(rows[0], labelled(m))
			}
		}
		row := []string{c.Name}
		for _, m := range c.Metrics {
			f, ok := c.Peers[0].Figure(m.ID)
			row = append(row, f.text(ok))
		}
		rows = append(rows, row)
	}
	return rows
}

// faults are those of a scenario's first peers, with their cases' names.
func (s Scenario) faults() (faults []string) {
	for _, c := range s.Cases {
		for _, f := range c.Peers[0].Faults {
			faults = append(faults, c.Name+": "+f)
		}
	}
	return faults
}
