package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// WriteTable writes all figures as text: a block for each case, a column for each peer.
func (r *Report) WriteTable(w io.Writer) {
	for _, m := range r.Missing {
		fmt.Fprintf(w, "\n%s is left out: %s is not there; to install: %s\n", m.Peer, m.Part, m.Install)
	}
	for _, s := range r.Scenarios {
		fmt.Fprintf(w, "\n%s: %s\n", s.Name, s.About)
		if s.Listed {
			fmt.Fprintln(w)
			writeRows(w, s.listed(), "l")
			continue
		}
		for _, b := range s.Blocks() {
			if b.Group != "" {
				fmt.Fprintf(w, "\n  %s\n", b.Group)
			}
			for _, rows := range b.tables() {
				fmt.Fprintln(w)
				writeRows(w, rows, "ll")
			}
			for _, c := range b.Cases {
				for _, p := range c.Peers {
					if rows := p.trendTable(); rows != nil {
						fmt.Fprintln(w)
						writeRows(w, rows, "ll")
					}
				}
			}
		}
	}
}

// rows are a case's table: a head, then a line for each metric.
func (c *Case) rows() [][]string {
	head := []string{c.Name, ""}
	for i, p := range c.Peers {
		head = append(head, p.Name)
		if i > 0 {
			head = append(head, "ratio")
		}
	}
	rows := [][]string{head}
	for _, m := range c.Metrics {
		row, any := []string{m.Label, m.Unit}, false
		for i, p := range c.Peers {
			f, ok := p.Figure(m.ID)
			any = any || ok
			row = append(row, f.text(ok))
			if i > 0 {
				row = append(row, ratioText(c.Ratio(m.ID, p)))
			}
		}
		if any {
			rows = append(rows, row)
		}
	}
	return rows
}

// text is the median, and the least and greatest if there are several.
func (f Figure) text(ok bool) string {
	switch {
	case !ok:
		return "-"
	case f.Min == f.Max:
		return Number(f.Median)
	}
	return Number(f.Median) + " (" + Number(f.Min) + " to " + Number(f.Max) + ")"
}

func ratioText(ratio float64, ok bool) string {
	if !ok {
		return ""
	}
	return Number(ratio) + "×"
}

// Number writes three digits, or all before the point, with a comma after each three.
func Number(v float64) string {
	decimals := 0
	if a := math.Abs(v); a > 0 && a < 100 {
		decimals = min(2-int(math.Floor(math.Log10(a))), 4)
	}
	return commas(strconv.FormatFloat(v, 'f', decimals, 64))
}

// whole writes a number without what stands behind the point.
func whole(v float64) string { return commas(strconv.FormatFloat(v, 'f', 0, 64)) }

func commas(text string) string {
	whole, rest, _ := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return sign + whole
}

// writeRows writes a table. align says of each column, from the first on, whether it stands to the left, l, or to the
// right, r; those it says nothing of stand to the right.
func writeRows(w io.Writer, rows [][]string, align string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i < len(align) && align[i] == 'l' {
				line.WriteString("  " + cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
