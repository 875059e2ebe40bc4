-- GETs with the bearer tokens of a file, one after the other: wrk -s bearer.lua URL -- FILE

local requests, number = {}, 0

function init(args)
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format(nil, nil, { ["Authorization"] = "Bearer " .. token })
  end
end

function request()
  number = number % #requests + 1
  return requests[number]
end

function done(summary, _, _)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "failures": %d}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
