-- GETs, each with one of the headers in a file, one after the other: wrk -s headers.lua URL -- FILE

local requests, number = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local name, value = line:match("^([^:]+): (.*)$")
    requests[#requests + 1] = wrk.format(nil, nil, { [name] = value })
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
