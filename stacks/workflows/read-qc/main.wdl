version 1.1

# Counts, quality and a plot of a sample's reads, with sh, gzip and awk alone. So its tasks run in
# any Linux image, and at the emulator in this machine's own root.

struct FastqPair {
  String read_group
  File fastq_1
  File fastq_2
  String platform
}

workflow ReadQc {
  input {
    String sample_name
    Array[FastqPair] fastq_pairs
    # In AWS: an image with gzip and awk in the account's own ECR.
    String image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/linux:1"
  }

  scatter (pair in fastq_pairs) {
    call measure {
      input:
        pair = pair,
        image = image
    }
  }

  call gather {
    input:
      sample_name = sample_name,
      rows = measure.row,
      cycles = measure.cycles,
      image = image
  }

  output {
    Int reads = gather.reads
    File table = gather.table
    File plot = gather.plot
  }
}

# One row for each of the pair's files, and the mean quality at each position of its reads.
task measure {
  input {
    FastqPair pair
    String image
  }

  command <<<
    set -eu
    cat > measure.awk <<'AWK'
    BEGIN {
      OFS = "\t"
      for (code = 33; code < 127; code++) quality[sprintf("%c", code)] = code - 33
    }
    NR % 4 == 1 && !/^@/ { wrong("a read begins with @") }
    NR % 4 == 2 {
      sequence = $0
      bases += length(sequence)
      gc += gsub(/[GCgc]/, "")
      size = length(sequence)
    }
    NR % 4 == 0 {
      if (length($0) != size) wrong("a read has a quality for each base")
      for (i = 1; i <= size; i++) {
        q = quality[substr($0, i, 1)]
        total[i] += q
        seen[i]++
        all += q
        if (q >= 30) good++
        if (i > longest) longest = i
      }
    }
    END {
      if (failed) exit 3
      if (NR % 4 || !bases) wrong("a file has whole reads, and at least one")
      printf "%s\t%s\t%d\t%d\t%.1f\t%.1f\t%.1f\n", group, mate, NR / 4, bases,
        100 * gc / bases, all / bases, 100 * good / bases
      for (i = 1; i <= longest; i++) print group, mate, i, total[i] / seen[i] >> "cycles.tsv"
    }
    function wrong(rule) {
      print group " R" mate ", line " NR ": " rule > "/dev/stderr"
      failed = 1
      exit 3
    }
    AWK
    measured() {
      gzip -cd "$2" > reads.fastq
      awk -v group='~{pair.read_group}' -v mate="$1" -f measure.awk reads.fastq >> row.tsv
      rm reads.fastq
    }
    measured 1 '~{pair.fastq_1}'
    measured 2 '~{pair.fastq_2}'
  >>>

  output {
    File row = "row.tsv"
    File cycles = "cycles.tsv"
  }

  runtime {
    docker: image
    cpu: 1
    memory: "1 GiB"
  }
}

# The sample's table, and a plot of the quality along its reads.
task gather {
  input {
    String sample_name
    Array[File] rows
    Array[File] cycles
    String image
  }

  command <<<
    set -eu
    {
      printf 'sample\tread_group\tmate\treads\tbases\tgc_percent\tmean_quality\tq30_percent\n'
      cat '~{sep("' '", rows)}' | awk '{ print sample "\t" $0 }' sample='~{sample_name}' -
    } > '~{sample_name}.qc.tsv'
    awk -F '\t' 'NR > 1 { reads += $4 } END { print reads }' '~{sample_name}.qc.tsv' > reads.txt

    cat > plot.awk <<'AWK'
    BEGIN { count = split("#1f77b4 #ff7f0e #2ca02c #d62728 #9467bd #8c564b #e377c2 #17becf", colour, " ") }
    {
      name = $1 " R" $2
      if (!(name in known)) { known[name] = 1; line[++lines] = name }
      mean[name, $3] = $4
      if ($3 > longest) longest = $3
    }
    function x(cycle) { return 50 + 420 * (longest > 1 ? (cycle - 1) / (longest - 1) : 0) }
    function y(q) { return 270 - 240 * q / 42 }
    function text(left, top, said) { printf "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", left, top, said }
    END {
      print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"680\" height=\"310\" font-family=\"sans-serif\" font-size=\"12\">"
      print "<rect width=\"680\" height=\"310\" fill=\"white\"/>"
      text(50, 18, sample ": mean quality at each position of the reads")
      for (q = 0; q <= 40; q += 10) {
        printf "<path d=\"M50 %.1fH470\" stroke=\"#dddddd\"/>\n", y(q)
        text(25, y(q) + 4, q)
      }
      text(50, 290, 1)
      text(455, 290, longest)
      for (i = 1; i <= lines; i++) {
        points = ""
        for (cycle = 1; cycle <= longest; cycle++)
          if ((line[i], cycle) in mean) points = points sprintf(" %.1f,%.1f", x(cycle), y(mean[line[i], cycle]))
        shade = colour[(i - 1) % count + 1]
        printf "<polyline fill=\"none\" stroke=\"%s\" points=\"%s\"/>\n", shade, substr(points, 2)
        printf "<rect x=\"490\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>\n", 20 * i + 10, shade
        text(506, 20 * i + 20, line[i])
      }
      print "</svg>"
    }
    AWK
    cat '~{sep("' '", cycles)}' | awk -F '\t' -f plot.awk sample='~{sample_name}' - > '~{sample_name}.quality.svg'
  >>>

  output {
    Int reads = read_int("reads.txt")
    File table = "~{sample_name}.qc.tsv"
    File plot = "~{sample_name}.quality.svg"
  }

  runtime {
    docker: image
    cpu: 1
    memory: "1 GiB"
  }
}
