version 1.1

# Quality of a sample's reads, before money is spent on calling variants: for each pair of FASTQ
# files a report to read (HTML) and one for programs (JSON), by fastp. The reads stay as they are.

struct FastqPair {
  String read_group
  File fastq_1
  File fastq_2
  String platform
}

workflow FastqQc {
  input {
    String sample_name
    Array[FastqPair] fastq_pairs
    # An image in the account's own ECR, in the runs' Region. As a parameter it is checked before
    # the run begins.
    String fastp_image
  }

  scatter (pair in fastq_pairs) {
    call fastp {
      input:
        sample_name = sample_name,
        pair = pair,
        image = fastp_image
    }
  }

  output {
    Array[File] reports = fastp.report
    Array[File] metrics = fastp.metrics
  }
}

task fastp {
  input {
    String sample_name
    FastqPair pair
    String image
    Int threads = 4
  }

  command <<<
    set -euo pipefail
    fastp \
      --in1 '~{pair.fastq_1}' \
      --in2 '~{pair.fastq_2}' \
      --thread ~{threads} \
      --report_title '~{sample_name} ~{pair.read_group}' \
      --html '~{sample_name}.~{pair.read_group}.fastp.html' \
      --json '~{sample_name}.~{pair.read_group}.fastp.json'
  >>>

  output {
    File report = "~{sample_name}.~{pair.read_group}.fastp.html"
    File metrics = "~{sample_name}.~{pair.read_group}.fastp.json"
  }

  runtime {
    docker: image
    cpu: threads
    memory: "8 GiB"
  }
}
