# Second part of make_stats_golden.R: tiers, calibration, utility, subgroups, sample sizes, reader studies. Sourced by it.

tight <- glm.control(epsilon = 1e-15, maxit = 100)
information <- function(f) { # standard errors at the estimate; vcov() has them from one iteration before
    X <- model.matrix(f); w <- fitted(f) * (1 - fitted(f))
    sqrt(diag(solve(crossprod(X * sqrt(w)))))
}
pf_noncentral <- function(x, df1, df2, ncp) { # by its definition; R's own stops at an error of 1e-9 (pnbeta)
    j <- 0:2000; y <- df1 * x / (df1 * x + df2)
    sum(dpois(j, ncp / 2) * pbeta(y, df1 / 2 + j, df2 / 2, lower.tail = FALSE))
}
mann_whitney <- function(x, y) mean(outer(x, y, function(a, b) (a > b) + 0.5 * (a == b)))

softmax_of <- function(d) { # four probabilities by row, from columns that are exact in both languages
    e <- cbind(1 + abs(d$a), 1 + abs(d$b), 2 * d$p + 0.125, 1 + (d$class == 3) * 0.5)
    e / rowSums(e)
}

tier_values <- function(name, d, guess) {
    k <- 4; P <- softmax_of(d); y <- d$class
    t <- table(factor(y, 0:3), factor(guess, 0:3))
    put(paste0(name, ".confusion"), as.vector(t(t)))
    put(paste0(name, ".tiers"), mean(y == guess), mean(diag(t) / rowSums(t)), mean(abs(y - guess)), mean(guess - y), mean(abs(y - guess) <= 1))
    ovr <- sapply(0:3, function(c) mann_whitney(P[y == c, c + 1], P[y != c, c + 1]))
    put(paste0(name, ".macro_auc"), mean(ovr), ovr)
    pairs <- combn(0:3, 2)
    m <- apply(pairs, 2, function(q) (mann_whitney(P[y == q[1], q[1] + 1], P[y == q[2], q[1] + 1]) + mann_whitney(P[y == q[2], q[2] + 1], P[y == q[1], q[2] + 1])) / 2)
    put(paste0(name, ".hand_till"), mean(m))
    # tree: two roots; 0 -> (2, 3), 1 -> (4, 5); 4 -> (6). truth: node of class; prediction likewise
    parent <- c(-1, -1, 0, 0, 1, 1, 4); edge <- c(4, 4, 1, 1.5, 1, 0.5, 0.25)
    up <- function(v) { s <- c(); while (v != -1) { s <- c(s, v); v <- parent[v + 1] }; s }
    path <- function(a, b, w) { A <- up(a); B <- up(b); sum(w[c(setdiff(A, B), setdiff(B, A)) + 1]) }
    node <- c(2, 3, 6, 5); a <- node[y + 1]; b <- node[guess + 1]
    put(paste0(name, ".tree_cost"), mean(mapply(path, a, b, MoreArgs = list(w = edge))), mean(mapply(path, a, b, MoreArgs = list(w = rep(1, 7)))))
}

bins_of <- function(p, n_bins, mass) {
    if (!mass) return(pmin(floor(p * n_bins), n_bins - 1))
    first <- rank(p, ties.method = "min") - 1
    floor(first * n_bins / length(p))
}

calibration_values <- function(name, d) {
    y <- d$truth; p <- d$p; lp <- qlogis(p)
    f <- glm(y ~ lp, family = binomial, control = tight)
    g <- glm(y ~ offset(lp), family = binomial, control = tight)
    s <- information(f)
    put(paste0(name, ".calibration"), coef(f), s, coef(g), information(g), mean(y) / mean(p), coef(f)[2] + c(-z, z) * s[2], deviance(f))
    for (mass in c(FALSE, TRUE)) {
        kind <- if (mass) ".mass" else ".width"
        b <- bins_of(p, 8, mass); w <- as.vector(table(b)) / length(y)
        o <- tapply(y, b, mean); q <- tapply(p, b, mean); n <- tapply(y, b, length)
        put(paste0(name, ".bins", kind), as.vector(n), as.vector(q), as.vector(o))
        put(paste0(name, ".ece", kind), sum(w * abs(o - q)), max(abs(o - q)))
        x2 <- sum((o - q)^2 * n / (q * (1 - q)))
        put(paste0(name, ".hosmer", kind), x2, pchisq(x2, length(n), lower.tail = FALSE), pchisq(x2, length(n) - 2, lower.tail = FALSE))
        fbar <- q[as.character(b)]; obar <- o[as.character(b)]; base <- mean(y)
        put(paste0(name, ".brier", kind), mean((p - y)^2), 1 - mean((p - y)^2) / (base * (1 - base)), sum(w * (q - o)^2), sum(w * (o - base)^2),
            base * (1 - base), mean((p - fbar)^2), 2 * mean((y - obar) * (p - fbar)))
    }
    smooth <- loess(y ~ p, span = 0.75, degree = 2, control = loess.control(surface = "direct"))
    gap <- abs(fitted(smooth) - p)
    put(paste0(name, ".ici"), mean(gap), quantile(gap, c(0.5, 0.9, 1)))
    put(paste0(name, ".loess"), fitted(smooth)[1:20])
    # recalibration of score a
    plain <- glm(y ~ d$a, family = binomial, control = tight)
    target <- ifelse(y == 1, (sum(y) + 1) / (sum(y) + 2), 1 / (sum(1 - y) + 2))
    platt <- suppressWarnings(glm(target ~ d$a, family = binomial, control = tight))
    put(paste0(name, ".platt"), coef(plain), coef(platt))
    means <- tapply(y, d$a, mean); sizes <- tapply(y, d$a, length); x <- as.numeric(names(means))
    iso <- sapply(x, function(v) { # max-min formula of isotonic regression, ties pooled
        max(sapply(x[x <= v], function(l) min(sapply(x[x >= v], function(h) { s <- x >= l & x <= h; sum(means[s] * sizes[s]) / sum(sizes[s]) }))))
    })
    put(paste0(name, ".isotonic"), iso[match(d$a[1:20], x)])
    logits <- cbind(d$a, d$b, 0.5 * d$a, 2 * d$p)
    yy <- pmin(3, d$group + d$truth)
    slope <- function(b) sum(sapply(seq_along(yy), function(i) { w <- exp(b * (logits[i, ] - max(logits[i, ]))); sum(w * logits[i, ]) / sum(w) - logits[i, yy[i] + 1] }))
    put(paste0(name, ".temperature.sign"), slope(0) < 0)
    if (slope(0) < 0) put(paste0(name, ".temperature"), 1 / uniroot(slope, c(0, 50), tol = 1e-16, maxiter = 10000)$root)
}

utility_values <- function(name, d) {
    y <- d$truth; n <- length(y)
    t <- c(0.5, 0.02, 0.1, 0.25)
    nb <- sapply(t, function(w) sum(d$p >= w & y == 1) / n - sum(d$p >= w & y == 0) / n * w / (1 - w))
    all <- sapply(t, function(w) mean(y) - (1 - mean(y)) * w / (1 - w))
    put(paste0(name, ".decision"), nb, all)
    eligible <- d$group != 2; down <- eligible & d$a < -0.5; miss <- sum(down & y == 1)
    put(paste0(name, ".downgrade"), sum(eligible), sum(eligible & y == 1), sum(down), miss, as.vector(table(factor(d$class[down & y == 1], 0:3))),
        if (miss < sum(down)) qbeta(0.975, miss + 1, sum(down) - miss) else 1, binom.test(miss, sum(down), alternative = "less", conf.level = 0.95)$conf.int[2])
    total <- 1; k <- min(miss, 3)
    total <- k + 1
    while (binom.test(k, total, alternative = "less", conf.level = 0.975)$conf.int[2] > 0.02) total <- total + 1
    put(paste0(name, ".needed"), k, total)
}

subgroup_values <- function(name, d) {
    A <- sapply(0:2, function(g) { s <- d$group == g; q <- delong_naive(cbind(d$a[s]), d$truth[s], d$cluster[s]); c(q$auc, q$cov) })
    put(paste0(name, ".subgroup"), A[1, ], A[2, ])
    w <- 1 / A[2, ]; q <- sum(w * (A[1, ] - sum(w * A[1, ]) / sum(w))^2)
    put(paste0(name, ".homogeneity"), q, pchisq(q, 2, lower.tail = FALSE))
    f <- factor(d$group)
    test <- anova(glm(d$truth ~ f + d$a, family = binomial, control = tight), glm(d$truth ~ f * d$a, family = binomial, control = tight), test = "LRT")
    put(paste0(name, ".interaction"), test$Deviance[2], test$`Pr(>Chi)`[2])
    ps <- c(0.01, 0.04, 0.03, 0.005, 0.6, d$p[1:5])
    put(paste0(name, ".holm"), p.adjust(ps, "holm"))
}

bootstrap_values <- function(name, d) { # the intervals of given replicates
    r <- d$a; estimate <- d$a[3]; jack <- d$b
    put(paste0(name, ".percentile"), quantile(r, c(0.025, 0.975), type = 6), quantile(r, c(0.05, 0.95), type = 6))
    z0 <- qnorm((sum(r < estimate) + 0.5 * sum(r == estimate)) / length(r)); u <- mean(jack) - jack; a <- sum(u^3) / (6 * sum(u^2)^1.5)
    share <- pnorm(z0 + (z0 + c(-z, z)) / (1 - a * (z0 + c(-z, z))))
    put(paste0(name, ".bca"), quantile(r, share, type = 6))
    put(paste0(name, ".boot_se"), sd(r))
}

model_values <- function(name, d, guess) {
    tier_values(name, d, guess)
    calibration_values(name, d)
    utility_values(name, d)
    if (name != "small") subgroup_values(name, d)
    if (name != "small") bootstrap_values(name, d)
    calls <- cbind(d$a >= 0.5, d$b >= 0.25, d$p >= 0.5) * 1
    G <- colSums(calls); L <- rowSums(calls); k <- 3
    q <- (k - 1) * (k * sum(G^2) - sum(G)^2) / (k * sum(L) - sum(L^2))
    put(paste0(name, ".cochran"), q, pchisq(q, k - 1, lower.tail = FALSE))
    fleiss_values(name, t(sapply(seq_len(nrow(d)), function(i) tabulate(c(d$class[i], guess[i], d$class[(i %% nrow(d)) + 1]) + 1, 4))))
}

# --- numbers that are in print, and planning formulas
published_values <- function() {
    # Fleiss 1971 / Wikipedia's table: 10 subjects, 14 raters, 5 classes; kappa 0.210 in print
    t <- matrix(c(0,0,0,0,14, 0,2,6,4,2, 0,0,3,5,6, 0,3,9,2,0, 2,2,8,1,1, 7,7,0,0,0, 3,2,6,3,0, 2,5,3,2,2, 6,5,2,1,0, 0,2,2,3,7), ncol = 5, byrow = TRUE)
    fleiss_values("print", t)
    stopifnot(round(values[["print.fleiss"]][1], 3) == 0.210)
    # Newcombe 1998 / Tango 1998: 43, 0, 1, 0 and the like
    for (cells in list(c(43, 1, 0, 0), c(36, 12, 2, 0), c(1, 1, 12, 36), c(54, 0, 0, 0), c(20, 12, 2, 16))) {
        e <- cells[1]; f <- cells[2]; g <- cells[3]; h <- cells[4]; key <- paste(c("pairs", cells), collapse = "_")
        put(paste0(key, ".newcombe"), newcombe(matrix(c(h, f, g, e), 2)))
        if (f + g > 0 && f > 0 && g > 0) put(paste0(key, ".tango"), tango(f, g, sum(cells), level))
    }
    # exact bounds of zero misses
    put("bound.182", qbeta(0.975, 1, 182)); put("bound.183", qbeta(0.975, 1, 183)); put("bound.148", qbeta(0.95, 1, 148)); put("bound.149", qbeta(0.95, 1, 149))
    for (q in list(c(0, 10), c(10, 10), c(1, 7), c(81, 263), c(15, 148), c(3, 100000), c(999, 1000))) {
        put(sprintf("proportion_%d_%d", q[1], q[2]), suppressWarnings(wilson(q[1], q[2])), binom.test(q[1], q[2])$conf.int, suppressWarnings(wilson(q[1], q[2], 0.9)), binom.test(q[1], q[2], conf.level = 0.9)$conf.int)
    }
    # distributions
    put("distribution.t", qt(0.975, c(1, 2.5, 15.26, 300)), pt(-2.11, 15.26) * 2)
    put("distribution.f", pf(4.46, 1, 15.26, lower.tail = FALSE), qf(0.95, 1, 15.26), pf_noncentral(3.9, 1, 20.5, 7.5), pf_noncentral(0.5, 2, 9, 0.25))
    # sample sizes
    hm <- function(A, m, r) { n <- r * m; q1 <- A / (2 - A); q2 <- 2 * A^2 / (1 + A); (A * (1 - A) + (m - 1) * (q1 - A^2) + (n - 1) * (q2 - A^2)) / (m * n) }
    ob <- function(A, m, r) { a <- 1.414 * qnorm(A); 0.0099 * exp(-a^2 / 2) * ((5 * a^2 + 8) + (a^2 + 8) / r) / m }
    first <- function(ok) { m <- 2; while (!ok(m)) m <- m + 1; m }
    b <- qnorm(0.8)
    for (kind in c("hm", "ob")) { V <- get(kind)
        put(paste0("size.", kind), first(function(m) z * sqrt(V(0.85, m, 3)) <= 0.05), first(function(m) z * sqrt(V(0.8, m, 1)) + b * sqrt(V(0.9, m, 1)) <= 0.1),
            first(function(m) { va <- V(0.9, m, 2); vb <- V(0.85, m, 2); z * sqrt(2 * va * 0.5) + b * sqrt(va + vb - sqrt(va * vb)) <= 0.05 }))
    }
    put("size.buderer", ceiling(z^2 * 0.9 * 0.1 / 0.05^2), ceiling(ceiling(z^2 * 0.9 * 0.1 / 0.05^2) / 0.2))
    reader_study()
}

# Obuchowski & Rockette on Van Dyke's data from the definitions: ANOVA by aov(), jackknife by leaving each case out
reader_study <- function() {
    v <- read.csv("tests/golden/vandyke.csv"); y <- v$truth; r <- 5; t <- 2
    S <- as.matrix(v[, -(1:2)])
    area <- function(keep) apply(S[keep, ], 2, function(x) mann_whitney(x[y[keep] == 1], x[y[keep] == 0]))
    N <- length(y); theta <- area(rep(TRUE, N))
    J <- t(sapply(1:N, function(i) area(seq_len(N) != i)))
    jack <- cov(J) * (N - 1)^2 / N
    dl <- delong_naive(S, y, seq_len(N))$cov
    modality <- rep(1:t, each = r); reader <- rep(1:r, t)
    ms <- summary(aov(theta ~ factor(modality) + factor(reader)))[[1]]$`Mean Sq`
    for (kind in c("jackknife", "delong")) {
        C <- if (kind == "jackknife") jack else dl
        same <- function(m, q) mean(C[outer(modality, modality, "==") == m & outer(reader, reader, "==") == q])
        e <- same(TRUE, TRUE); c1 <- same(FALSE, TRUE); c2 <- same(TRUE, FALSE); c3 <- same(FALSE, FALSE)
        den <- ms[3] + r * max(c2 - c3, 0); df <- den^2 / (ms[3]^2 / ((t - 1) * (r - 1)))
        put(paste0("vandyke.", kind), e, c1, c2, c3, (ms[2] - ms[3]) / t - c1 + c3, ms[3] - e + c1 + max(c2 - c3, 0), ms[1] / den, df, pf(ms[1] / den, 1, df, lower.tail = FALSE))
        tr <- max(0, ms[3] - e + c1 + max(c2 - c3, 0))
        power <- function(readers, cases, effect) {
            c <- N / cases; D <- tr + c * (e - c1 + (readers - 1) * max(c2 - c3, 0)); I <- tr + c * (e - c1 - max(c2 - c3, 0))
            df2 <- (readers - 1) * D^2 / I^2
            pf_noncentral(qf(0.95, 1, df2), 1, df2, readers * effect^2 / (2 * D))
        }
        put(paste0("vandyke.power.", kind), power(6, 251, 0.0438003), power(10, 114, 0.05), power(5, 400, 0.03))
    }
}
