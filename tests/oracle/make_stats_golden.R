#!/usr/bin/Rscript
# Golden values of the statistics room (src/stats) from R: tests/golden/stats.json, which tests/t_stats_golden.c and tests/t_stats_models.c read.
# Usage: make_stats_golden.R OUT.json [DATA]    (DATA: the folder with tabular/ and BrEaST/; parts whose data is absent are left out)
# Packages: pROC, psych, vcd; else R's own functions; where R has none, the definition of the paper, written naively (O(n^2) and worse).
# Cohorts are made by a generator that both languages compute exactly (Lehmer's, 16807 mod 2^31 - 1; scores on a grid of 1/64).
suppressPackageStartupMessages({ library(pROC); library(psych); library(vcd) })
args <- commandArgs(trailingOnly = TRUE)
out <- args[1]
data <- if (length(args) > 1) args[2] else "../shared/data"
values <- list()
put <- function(key, ...) {
    x <- c(...)
    stopifnot(is.numeric(x) || is.logical(x), all(is.finite(x)), is.null(values[[key]]))
    values[[key]] <<- unname(as.numeric(x))
}
level <- 0.95
z <- qnorm(0.975)

# --- cohorts
state <- 0
seed <- function(s) state <<- s
uniform <- function() { state <<- (16807 * state) %% 2147483647; state / 2147483647 }
gauss <- function() { s <- 0; for (k in 1:12) s <- s + uniform(); s - 6 }
cohort <- function(s, n, shift, grid, shared) { # two scores of the same observations, patients of two observations each
    seed(s)
    d <- data.frame(truth = integer(n), a = 0, b = 0, p = 0, cluster = 0, class = 0, group = 0)
    common <- 0
    for (i in 1:n) {
        if (i %% 2 == 1) common <- shared * gauss()
        y <- as.integer(uniform() < 0.4)
        a <- gauss() + common + shift * y
        b <- 0.5 * a + gauss() + 0.25 * shift * y
        p <- 0.25 * gauss() + 0.5 * a - 0.5
        d$truth[i] <- y
        d$a[i] <- floor(grid * a + 0.5) / grid
        d$b[i] <- floor(grid * b + 0.5) / grid
        k <- floor(64 * (p + 8)) # 0 .. 1024, a probability that rises with p
        d$p[i] <- (min(max(k, 256), 768) - 256 + 0.5) / 513
        d$cluster[i] <- (i - 1) %/% 2
        d$class[i] <- floor(4 * uniform()) # 0 .. 3
        d$group[i] <- floor(3 * uniform())
    }
    d
}

# --- ROC and DeLong
delong_naive <- function(scores, truth, cluster) { # Obuchowski 1997 from the definition; singletons: DeLong 1988
    pos <- which(truth == 1); neg <- which(truth == 0)
    k <- ncol(scores); m <- length(pos); n <- length(neg)
    psi <- function(x, y) (x > y) + 0.5 * (x == y)
    V <- lapply(1:k, function(t) outer(scores[pos, t], scores[neg, t], psi))
    A <- sapply(V, mean)
    ids <- unique(cluster)
    i10 <- length(unique(cluster[pos])); i01 <- length(unique(cluster[neg])); I <- length(ids)
    P <- matrix(0, I, k); N <- matrix(0, I, k)
    for (t in 1:k) for (c in seq_along(ids)) {
        P[c, t] <- sum(rowMeans(V[[t]])[cluster[pos] == ids[c]] - A[t])
        N[c, t] <- sum(colMeans(V[[t]])[cluster[neg] == ids[c]] - A[t])
    }
    S10 <- i10 / ((i10 - 1) * m) * t(P) %*% P
    S01 <- i01 / ((i01 - 1) * n) * t(N) %*% N
    S11 <- I / (I - 1) * t(P) %*% N
    list(auc = A, cov = S10 / m + S01 / n + S11 / (m * n) + t(S11) / (m * n))
}

precision_recall_area <- function(r, pos, neg) { # numeric integral of Davis & Goadrich's interpolation
    t <- r$tp; f <- r$fp; area <- 0
    for (i in 2:length(t)) if (t[i] > t[i - 1]) {
        slope <- (f[i] - f[i - 1]) / (t[i] - t[i - 1])
        g <- function(x) x / (x + f[i - 1] + slope * (x - t[i - 1]))
        from <- t[i - 1]
        if (from == 0 && f[i - 1] == 0) { area <- area + t[i] / (1 + slope); next }
        area <- area + integrate(g, from, t[i], rel.tol = 1e-13, abs.tol = 0, subdivisions = 10000)$value
    }
    area / pos
}
points_of <- function(score, truth) {
    cut <- c(Inf, sort(unique(score), decreasing = TRUE))
    list(cut = cut, tp = sapply(cut, function(c) sum(truth == 1 & score >= c)), fp = sapply(cut, function(c) sum(truth == 0 & score >= c)))
}

roc_values <- function(name, d) {
    quiet <- function(score) roc(d$truth, score, direction = "<", levels = c(0, 1), quiet = TRUE)
    ra <- quiet(d$a); rb <- quiet(d$b)
    put(paste0(name, ".auc"), auc(ra), auc(rb))
    put(paste0(name, ".delong.variance"), var(ra), var(rb), cov(ra, rb))
    put(paste0(name, ".delong.ci"), ci.auc(ra, conf.level = 0.95, method = "delong")[c(1, 3)], ci.auc(rb, conf.level = 0.9, method = "delong")[c(1, 3)])
    test <- roc.test(ra, rb, method = "delong", paired = TRUE)
    put(paste0(name, ".delong.paired"), test$statistic, test$p.value, test$conf.int)
    logit <- qlogis(auc(ra)); step <- z * sqrt(var(ra)) / (auc(ra) * (1 - auc(ra)))
    put(paste0(name, ".delong.logit"), plogis(logit - step), plogis(logit + step))
    naive <- delong_naive(cbind(d$a, d$b), d$truth, d$cluster)
    put(paste0(name, ".cluster.covariance"), naive$cov[1, 1], naive$cov[2, 2], naive$cov[1, 2])
    half <- seq_len(nrow(d)) <= nrow(d) / 2
    unpaired <- roc.test(roc(d$truth[half], d$a[half], direction = "<", levels = c(0, 1), quiet = TRUE),
                         roc(d$truth[!half], d$b[!half], direction = "<", levels = c(0, 1), quiet = TRUE), method = "delong", paired = FALSE)
    put(paste0(name, ".delong.unpaired"), unpaired$statistic, unpaired$parameter, unpaired$p.value)
    part <- function(focus, correct) as.numeric(auc(ra, partial.auc = c(0.95, 0.7), partial.auc.focus = focus, partial.auc.correct = correct))
    put(paste0(name, ".partial"), part("specificity", FALSE), part("sensitivity", FALSE), part("specificity", TRUE), part("sensitivity", TRUE))
    p <- points_of(d$a, d$truth); pos <- sum(d$truth); neg <- sum(1 - d$truth)
    put(paste0(name, ".average_precision"), sum(diff(p$tp) / pos * (p$tp / (p$tp + p$fp))[-1]))
    put(paste0(name, ".precision_recall"), precision_recall_area(p, pos, neg))
    se <- p$tp / pos; sp <- 1 - p$fp / neg
    take <- function(ok) max(which(ok)[which(ok) > 1]) # the lowest threshold, never the one that calls nobody
    best <- function(merit) take(merit >= max(merit[-1]) - 1e-12)
    put(paste0(name, ".threshold"), p$cut[best(se + sp)], p$cut[min(which(se >= 0.9))], p$cut[best(-(1 - se)^2 - (1 - sp)^2)],
        p$cut[best(se - neg / pos / 5 * (1 - sp))])
    if (any(sp[-1] >= 0.9)) put(paste0(name, ".threshold.specificity"), p$cut[take(sp >= 0.9)])
}

# --- yes and no
wilson <- function(x, n, conf = level) prop.test(x, n, correct = FALSE, conf.level = conf)$conf.int
binary_values <- function(name, call, truth) {
    tp <- sum(call & truth == 1); fn <- sum(!call & truth == 1); fp <- sum(call & truth == 0); tn <- sum(!call & truth == 0)
    put(paste0(name, ".counts"), tp, fn, fp, tn)
    for (q in list(c("sensitivity", tp, tp + fn), c("specificity", tn, tn + fp), c("ppv", tp, tp + fp), c("npv", tn, tn + fn), c("accuracy", tp + tn, length(truth)))) {
        x <- as.numeric(q[2]); n <- as.numeric(q[3])
        put(paste0(name, ".", q[1]), x / n, suppressWarnings(wilson(x, n)), binom.test(x, n)$conf.int)
    }
    lr <- function(a, n1, b, n0) { v <- (a / n1) / (b / n0); s <- sqrt(1 / a - 1 / n1 + 1 / b - 1 / n0); c(v, v * exp(-z * s), v * exp(z * s)) }
    put(paste0(name, ".lr"), lr(tp, tp + fn, fp, fp + tn), lr(fn, tp + fn, tn, fp + tn))
    pv <- function(add) {
        a <- tp + add; b <- fn + add; c <- fp + add; e <- tn + add; n1 <- a + b; n0 <- c + e; se <- a / n1; sp <- e / n0; w <- 0.006
        ppv <- se * w / (se * w + (1 - sp) * (1 - w)); npv <- sp * (1 - w) / (sp * (1 - w) + (1 - se) * w)
        vp <- (1 - se) / se / n1 + sp / (1 - sp) / n0; vn <- se / (1 - se) / n1 + (1 - sp) / sp / n0
        c(ppv, plogis(qlogis(ppv) + c(-z, z) * sqrt(vp)), npv, plogis(qlogis(npv) + c(-z, z) * sqrt(vn)))
    }
    put(paste0(name, ".predictive"), pv(0), pv(z^2 / 2))
}

paired_values <- function(name, first, second) {
    t <- table(factor(first, 0:1), factor(second, 0:1)); b <- t[2, 1]; c <- t[1, 2]
    exact <- binom.test(min(b, c), b + c)$p.value
    mid <- if (b == c) 1 - dbinom(b, b + c, 0.5) else exact - dbinom(min(b, c), b + c, 0.5)
    plain <- mcnemar.test(t, correct = FALSE); corrected <- mcnemar.test(t)
    put(paste0(name, ".mcnemar"), exact, mid, plain$statistic, plain$p.value, corrected$statistic, corrected$p.value)
    put(paste0(name, ".tango"), tango(b, c, length(first), level))
    put(paste0(name, ".newcombe"), newcombe(t))
    s <- tango_z(b, c, length(first), -0.1)
    put(paste0(name, ".noninferiority"), s, pnorm(s, lower.tail = FALSE))
}
# Tango 1998 by its likelihood: cells b, c, n - b - c with probabilities q + delta, q, 1 - 2 q - delta; q maximises at fixed delta
tango_z <- function(b, c, n, delta) {
    slope <- function(q) b / (q + delta) + c / q - 2 * (n - b - c) / (1 - 2 * q - delta)
    low <- max(0, -delta); high <- (1 - delta) / 2
    q <- if (c == 0 && slope(low + 1e-300) < 0) low else uniroot(slope, c(low + (high - low) * 1e-13, high - (high - low) * 1e-13), tol = 1e-17, maxiter = 10000)$root
    (b - c - n * delta) / sqrt(n * (2 * q + delta - delta^2))
}
tango <- function(b, c, n, level) {
    zz <- qnorm(1 - (1 - level) / 2); d <- (b - c) / n
    f <- function(target) function(delta) tango_z(b, c, n, delta) - target
    c(uniroot(f(zz), c(-0.999999, d - 1e-9), tol = 1e-16, maxiter = 10000)$root, uniroot(f(-zz), c(d + 1e-9, 0.999999), tol = 1e-16, maxiter = 10000)$root)
}
newcombe <- function(t) {
    t <- t * 1; e <- t[2, 2]; f <- t[2, 1]; g <- t[1, 2]; h <- t[1, 1]; n <- sum(t)
    w1 <- suppressWarnings(wilson(e + f, n)); w2 <- suppressWarnings(wilson(e + g, n)); p1 <- (e + f) / n; p2 <- (e + g) / n
    e <- as.numeric(e); f <- as.numeric(f); g <- as.numeric(g); h <- as.numeric(h); den <- sqrt((e + f) * (g + h) * (e + g) * (f + h)); num <- e * h - f * g
    phi <- if (den == 0) 0 else (if (num > 0) max(num - n / 2, 0) else num) / den
    l1 <- p1 - w1[1]; u1 <- w1[2] - p1; l2 <- p2 - w2[1]; u2 <- w2[2] - p2
    c(p1 - p2 - sqrt(l1^2 - 2 * phi * l1 * u2 + u2^2), p1 - p2 + sqrt(u1^2 - 2 * phi * u1 * l2 + l2^2))
}

kappa_values <- function(name, x, y, k) {
    t <- table(factor(x, 0:(k - 1)), factor(y, 0:(k - 1)))
    linear <- Kappa(t, weights = "Equal-Spacing"); square <- Kappa(t, weights = "Fleiss-Cohen")
    ci <- confint(linear, level = level)
    put(paste0(name, ".kappa"), linear$Unweighted, ci[1, ])
    put(paste0(name, ".kappa.linear"), linear$Weighted, ci[2, ])
    put(paste0(name, ".kappa.quadratic"), square$Weighted, confint(square, level = level)[2, ])
    w <- 1 - abs(outer(0:(k - 1), 0:(k - 1), "-"))^2 / (k - 1)^2 # psych has the null variance nowhere: Fleiss, Cohen & Everitt 1969, eq. 9
    p <- t / sum(t); r <- rowSums(p); c <- colSums(p); pe <- sum(w * outer(r, c))
    null <- sum(outer(r, c) * (w - outer(as.vector(w %*% c), as.vector(r %*% w), "+"))^2) - pe^2
    put(paste0(name, ".kappa.null"), sqrt(null / sum(t)) / (1 - pe))
    ck <- cohen.kappa(t) # a second opinion on the weighted one
    stopifnot(abs(ck$weighted.kappa - square$Weighted[1]) < 1e-12)
}
fleiss_values <- function(name, counts) {
    n <- nrow(counts); m <- sum(counts[1, ]); p <- colSums(counts) / (n * m)
    pi <- rowSums(counts * (counts - 1)) / (m * (m - 1)); pe <- sum(p^2); k <- (mean(pi) - pe) / (1 - pe)
    own <- (pi - pe) / (1 - pe) - 2 * (1 - k) * (as.vector(counts %*% p) / m - pe) / (1 - pe)
    se <- sqrt(sum((own - k)^2) / (n * (n - 1))); pq <- sum(p * (1 - p))
    se0 <- sqrt(2 * (pq^2 - sum(p * (1 - p) * (1 - 2 * p))) / (n * m * (m - 1))) / pq
    put(paste0(name, ".fleiss"), k, se, se0)
}
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "stats_golden_models.R"))

# --- made cohorts
sets <- list(fine = cohort(20240501, 200, 1.2, 64, 0), tied = cohort(777, 161, 1, 2, 0.8), small = cohort(31, 24, 0.8, 4, 0.5), large = cohort(4242, 500, 1.5, 64, 0.6))
for (name in names(sets)) {
    d <- sets[[name]]
    put(paste0(name, ".sum"), sum(d$truth), sum(d$a), sum(d$b), sum(d$p), sum(d$class), sum(d$group))
    roc_values(name, d)
    binary_values(name, d$a >= 0.5, d$truth)
    paired_values(name, as.integer(d$a >= 0.5), as.integer(d$b >= 0.25))
    guess <- ifelse(d$group == 0, d$class, pmin(3, pmax(0, floor(d$b + 1)))) # class called by a rater who half agrees
    kappa_values(name, d$class, guess, 4)
    model_values(name, d, guess)
}
published_values()

# --- real columns
mass <- file.path(data, "tabular/uci-mammographic-mass/mammographic_masses.data")
if (file.exists(mass)) {
    x <- setNames(read.csv(mass, header = FALSE, skip = 1, na.strings = "?"), paste0("V", 1:6))
    x <- x[!is.na(x$V1) & !is.na(x$V2) & x$V1 >= 0 & x$V1 <= 6, ]
    d <- data.frame(truth = x$V6, a = x$V1, b = x$V2, cluster = seq_len(nrow(x)))
    roc_values("uci", d)
    binary_values("uci", d$a >= 5, d$truth)
    paired_values("uci", as.integer((d$a >= 5) == (d$truth == 1)), as.integer((d$b >= 60) == (d$truth == 1)))
} else cat("left out: no", mass, "\n")
clinical <- file.path(data, "BrEaST/clinical.csv")
if (file.exists(clinical)) {
    x <- read.csv(clinical)
    x$rating <- match(x$BIRADS, c("1", "2", "3", "4a", "4b", "4c", "5")) - 1
    x$years <- suppressWarnings(as.numeric(x$Age))
    x <- x[!is.na(x$rating) & !is.na(x$years) & x$Classification %in% c("benign", "malignant"), ]
    d <- data.frame(truth = as.integer(x$Classification == "malignant"), a = x$rating, b = x$years, cluster = seq_len(nrow(x)))
    roc_values("breast", d)
    binary_values("breast", d$a >= 5, d$truth)
    paired_values("breast", as.integer((d$a >= 5) == (d$truth == 1)), as.integer((d$b >= 50) == (d$truth == 1)))
} else cat("left out: no", clinical, "\n")

number <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
lines <- paste0("    \"", names(values), "\": ", sapply(values, number), collapse = ",\n")
cat("{\n  \"made_by\": \"tests/oracle/make_stats_golden.R, R ", as.character(getRversion()), ", pROC ", as.character(packageVersion("pROC")), ", psych ",
    as.character(packageVersion("psych")), ", vcd ", as.character(packageVersion("vcd")), "\",\n  \"values\": {\n", lines, "\n  }\n}\n", sep = "", file = out)
cat(length(values), "entries written to", out, "\n")
