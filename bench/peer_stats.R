#!/usr/bin/Rscript
# pROC's bootstrap of one AUC on the CSV of `bench_stats --data`. Usage: peer_stats.R DATA.csv [RESAMPLES]
suppressPackageStartupMessages(library(pROC))
args <- commandArgs(trailingOnly = TRUE)
d <- read.csv(args[1])
n <- if (length(args) > 1) as.integer(args[2]) else 500
r <- roc(d$truth, d$score, direction = "<", levels = c(0, 1), quiet = TRUE)
set.seed(1)
t <- system.time(ci <- ci.auc(r, method = "bootstrap", boot.n = n, progress = "none"))
cat(sprintf("auc %.10f\nresamples %d metrics 1 bootstrap_seconds %.3f cpu_seconds %.3f\nauc_percentile %.6f %.6f\n", auc(r), n, t[["elapsed"]],
    t[["user.self"]] + t[["sys.self"]], ci[1], ci[3]))
